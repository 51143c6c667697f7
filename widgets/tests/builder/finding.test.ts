import { expect, it } from "vitest";
import { found } from "../../src/builder/finding";

const catalog = {
  llm: { title: "LLM", group: "Text", help: "Writes text from a prompt" },
  embedding: { title: "Embedding", group: "Text", help: "Turns text into a vector" },
  "embedding-multimodal": { title: "Multimodal embedding", group: "Image", help: "Turns images into vectors" },
  tts: { title: "Text to speech", group: "Speech", help: "Speaks" },
};
const kinds = (choices: { kind: string }[]): string => choices.map(({ kind }) => kind).join(" ");

it("finds by every word typed, nearest name first", () => {
  expect(kinds(found(catalog, "emb"))).toBe("embedding embedding-multimodal");
  expect(kinds(found(catalog, "text emb"))).toBe("embedding");
  expect(kinds(found(catalog, "vec"))).toBe("embedding embedding-multimodal");
  expect(found(catalog, "nothing like it")).toEqual([]);
});

it("offers what fits in the order given, best match of the words before it", () => {
  const fits = ["tts", "llm", "embedding"].map((kind) => ({ kind, why: "" }));
  expect(kinds(found(catalog, "", fits))).toBe("tts llm embedding");
  expect(kinds(found(catalog, "emb", fits))).toBe("embedding");
});

it("keeps those that do not fit, with the reason, below those that do", () => {
  const fits = [{ kind: "embedding", why: "takes text, not a reply" }, { kind: "tts", why: "" }];
  const choices = found(catalog, "", fits);
  expect(kinds(choices)).toBe("tts embedding");
  expect(choices[1]?.why).toBe("takes text, not a reply");
});
