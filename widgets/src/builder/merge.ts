/** A patch laid over a scene. What did not change stays the same object, so that it is cheap to see what did. */
import type { Patch, Scene, SceneEdge, SceneGroup, SceneNode } from "./scene";

export function merged(scene: Scene, patch: Patch): Scene {
  const { renamed, nodes, edges, notes, groups, ...scalars } = patch;
  const base = renamed ? withNames(scene, renamed) : scene;
  return {
    ...base,
    ...scalars,
    nodes: table(base.nodes, nodes),
    edges: table(base.edges, edges),
    notes: table(base.notes, notes),
    groups: table(base.groups, groups),
  };
}

function table<T>(
  before: Readonly<Record<string, T>>,
  changes: Readonly<Record<string, T | null>> | undefined,
): Readonly<Record<string, T>> {
  if (!changes || Object.keys(changes).length === 0) return before;
  return Object.fromEntries(
    Object.entries<T | null>({ ...before, ...changes }).filter((entry): entry is [string, T] => entry[1] !== null),
  );
}

/** Everything under its new name, so that a card stays where it is and selected even when a patch says no more. */
function withNames(scene: Scene, renamed: Readonly<Record<string, string>>): Scene {
  const now = (name: string): string => (Object.hasOwn(renamed, name) ? renamed[name] : undefined) ?? name;
  const nodes: Record<string, SceneNode> = {};
  for (const [id, node] of Object.entries(scene.nodes)) nodes[now(id)] = now(id) === id ? node : { ...node, id: now(id) };
  const edges: Record<string, SceneEdge> = {};
  for (const [key, edge] of Object.entries(scene.edges)) {
    const [source, target] = [now(edge.source), now(edge.target)];
    const same = source === edge.source && target === edge.target;
    edges[same ? key : `${source}>>${target}`] = same ? edge : { ...edge, source, target };
  }
  const groups: Record<string, SceneGroup> = {};
  for (const [name, group] of Object.entries(scene.groups)) {
    groups[name] = group.members.some((member) => now(member) !== member)
      ? { ...group, members: group.members.map(now) }
      : group;
  }
  return { ...scene, nodes, edges, groups, selected: scene.selected.map(now) };
}
