/** Small scenes to test with. */
import { EMPTY, type Scene, type SceneEdge, type SceneNode } from "../../src/builder/scene";
import type { Colours } from "../../src/builder/theme";

export function node(id: string, x = 0, y = 0, more: Partial<SceneNode> = {}): SceneNode {
  return {
    id, kind: id, role: "service", line: id, hue: 0, icon: "box", x, y, state: "", time: "", problem: "", why: "", hover: "",
    flows: ["main"], summary: "", ...more,
  };
}

export function scene(nodes: readonly SceneNode[], edges: readonly string[] = [], more: Partial<Scene> = {}): Scene {
  return {
    ...EMPTY,
    nodes: Object.fromEntries(nodes.map((one) => [one.id, one])),
    edges: Object.fromEntries(edges.map((key) => [key, edge(key)])),
    ...more,
  };
}

export function edge(key: string, more: Partial<SceneEdge> = {}): SceneEdge {
  const [source = "", target = ""] = key.split(">>");
  return { source, target, kind: "flow", flows: ["main"], state: "", ...more };
}

export const COLOURS: Colours = {
  dark: false, contrast: false, background: "#ffffff", card: "#ffffff", line: "#cccccc", edge: "#888888", text: "#222222",
  quiet: "#666666", brand: "#1769d2", good: "#2e7d32", warn: "#b45f06", bad: "#c62828", font: "sans-serif",
  hues: ["#000001", "#000002", "#000003", "#000004", "#000005", "#000006", "#000007", "#000008"],
};
