import type { AnyModel } from "@anywidget/types";
import { expect, it, vi } from "vitest";
import { merged } from "../../src/builder/merge";
import type { Message } from "../../src/builder/scene";
import { Store, type Traits } from "../../src/builder/store";
import { edge, node, scene } from "./scenes";

function fake(traits: Partial<Traits>) {
  const heard = new Map<string, (message?: unknown) => void>();
  const state: Record<string, unknown> = { canvas: "", catalog: {}, scene: {}, ...traits };
  const sent: Record<string, unknown>[] = [];
  const saved = vi.fn();
  const model = {
    get: (key: string) => state[key],
    set: (key: string, value: unknown) => {
      state[key] = value;
      heard.get(`change:${key}`)?.();
    },
    save_changes: saved,
    send: (message: Record<string, unknown>) => sent.push(message),
    on: (name: string, react: () => void) => heard.set(name, react),
    off: () => undefined,
  } as unknown as AnyModel<Traits>;
  const tell = (message: Message): void => heard.get("msg:custom")?.(message);
  return { model, tell, sent, saved, state };
}

it("lays a patch over the scene and leaves what did not change the same object", () => {
  const before = scene([node("a"), node("b")], ["a>>b"]);
  const after = merged(before, { nodes: { a: null, c: node("c") }, undo: "add c" });
  expect(Object.keys(after.nodes)).toEqual(["b", "c"]);
  expect(after.nodes.b).toBe(before.nodes.b);
  expect(after.edges).toBe(before.edges);
  expect(after.undo).toBe("add c");
});

it("gives everything a renamed service's new name, whether or not the patch repeats it", () => {
  const before = scene([node("a", 5), node("b")], ["a>>b"], {
    groups: { g: { name: "g", members: ["a", "b"], folded: false } },
    selected: ["a"],
  });
  for (const more of [{}, { nodes: { a: null, z: node("z", 5) }, edges: { "a>>b": null, "z>>b": edge("z>>b") } }]) {
    const after = merged(before, { renamed: { a: "z" }, ...more });
    expect(Object.keys(after.nodes).sort()).toEqual(["b", "z"]);
    expect(after.nodes.z).toMatchObject({ id: "z", x: 5 });
    expect(after.edges).toEqual({ "z>>b": edge("z>>b") });
    expect(after.groups.g?.members).toEqual(["z", "b"]);
    expect(after.selected).toEqual(["z"]);
  }
});

it("keeps the model's scene current for a saved notebook, and never saves it to the kernel", () => {
  const { model, tell, saved, state } = fake({ scene: scene([node("a")]) });
  const store = new Store(model);
  const seen = vi.fn();
  store.listen({ scene: seen });
  tell({ type: "patch", patch: { nodes: { b: node("b") } } });
  expect(Object.keys((state.scene as typeof store.scene).nodes)).toEqual(["a", "b"]);
  expect(seen).toHaveBeenCalledTimes(1);
  expect(saved).not.toHaveBeenCalled();
});

it("takes the whole scene when Python sends it anew", () => {
  const { model } = fake({ scene: scene([node("a")]) });
  const store = new Store(model);
  model.set("scene", scene([node("z")]));
  expect(Object.keys(store.scene.nodes)).toEqual(["z"]);
});

it("settles each wish with its own answer, and what came with it", async () => {
  const { model, tell, sent } = fake({});
  const store = new Store(model);
  const first = store.send("view", "fits", { source: "a" });
  const second = store.send("view", "undo", {});
  const [one, two] = sent.map((message) => Number(message.n));
  expect(sent[0]).toMatchObject({ act: "fits", source: "a", view: "view" });
  tell({ type: "done", n: two ?? 0, ok: false, text: "nothing to undo", bad: true });
  tell({ type: "fits", n: one ?? 0, targets: { b: "" }, kinds: [] });
  tell({ type: "done", n: one ?? 0, ok: true, text: "", bad: false });
  expect(await second).toEqual({ ok: false, text: "nothing to undo", bad: true });
  expect((await first).fits?.targets).toEqual({ b: "" });
});

it("lets nobody wait for ever when the view ends", async () => {
  const { model } = fake({});
  const store = new Store(model);
  const waiting = store.send("view", "undo", {});
  store.close();
  expect((await waiting).ok).toBe(false);
});
