import { afterEach, expect, it, vi } from "vitest";
import chatView, { FILE_LIMIT, type Turn } from "../src/chat-view";
import { element } from "../src/dom";
import { FakeModel, find, show } from "./samples";

function turn(n: number, fields: Partial<Turn> = {}): Turn {
  return { n, question: `q${n}`, answer: "", state: "running", note: "◐ running", error: "", ...fields };
}

class Talking extends FakeModel {
  readonly sent: unknown[] = [];
  readonly buffers: unknown[] = [];

  send(message: unknown, _callbacks?: unknown, buffers?: unknown): void {
    this.sent.push(message);
    this.buffers.push(buffers);
  }
}

const closers: (() => void)[] = [];

/** The chat as the Builder makes it: the view and the ordinary ask line in one panel. */
function display(turns: Turn[] = [], answer = ""): { chat: HTMLElement; model: Talking; field: HTMLInputElement } {
  const model = new Talking({ turns, answer, hint: "ask away" });
  const { el, close } = show(chatView, model);
  closers.push(close);
  const chat = document.createElement("div");
  chat.className = "opea-chat";
  const line = element("div", "opea-ask");
  const field = element("input");
  line.append(field);
  chat.append(line, element("button", "opea-ask-button", "Ask"), el);
  document.body.append(chat);
  return { chat, model, field };
}

afterEach(() => {
  for (const close of closers.splice(0)) close();
  document.body.replaceChildren();
});

function press(field: HTMLElement, init: KeyboardEventInit): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...init });
  field.dispatchEvent(event);
  return event;
}

it.each([{}, { ctrlKey: true }, { metaKey: true }])("sends the text with its Enter, whatever is pressed with it", (keys) => {
  const { model, field } = display();
  field.value = " what is OPEA? ";
  expect(press(field, keys).defaultPrevented).toBe(true);
  expect(model.sent).toEqual([{ act: "ask", text: "what is OPEA?" }]);
  expect(field.value).toBe("");
});

it("sends the text with a click on Ask, once", () => {
  const { chat, model, field } = display();
  field.value = "hello";
  const heard = vi.fn();
  const button = find<HTMLButtonElement>(chat, "button");
  button.addEventListener("click", heard);
  button.click();
  expect(model.sent).toEqual([{ act: "ask", text: "hello" }]);
  expect(heard).not.toHaveBeenCalled(); // the ordinary button would ask again
});

it.each([{ isComposing: true }, { shiftKey: true }])("leaves an Enter that is not meant to send alone", (keys) => {
  const { model, field } = display();
  field.value = "かな";
  press(field, keys);
  expect(model.sent).toEqual([]);
});

it("sends nothing, and keeps what was typed, while an answer is on its way", () => {
  const { chat, model, field } = display();
  find<HTMLButtonElement>(chat, "button").disabled = true;
  field.value = "next";
  press(field, {});
  expect(model.sent).toEqual([]);
  expect(field.value).toBe("next");
});

it("appends what streams, so that a selection survives, and tells a screen reader when it is complete", () => {
  const { chat, model } = display([turn(1)]);
  const answer = find(chat, ".opea-said-back");
  model.set("answer", "one");
  const first = answer.firstChild;
  model.set("answer", "one two");
  expect(answer.firstChild).toBe(first);
  expect(answer.textContent).toBe("one two");
  expect(answer.getAttribute("aria-busy")).toBe("true");
  model.set("turns", [turn(1, { state: "done", answer: "one two", note: "✓ 1 s" })]);
  expect(answer.firstChild).toBe(first);
  expect(answer.getAttribute("aria-busy")).toBe("false");
});

it("keeps earlier turns as they are while another is answered", () => {
  const { chat, model } = display([turn(1, { state: "done", answer: "a" })]);
  const before = chat.querySelector(".opea-turn");
  model.set("turns", [turn(1, { state: "done", answer: "a" }), turn(2)]);
  model.set("answer", "b");
  const turns = [...chat.querySelectorAll(".opea-turn")];
  expect(turns[0]).toBe(before);
  expect(turns.map((t) => t.querySelector(".opea-said-back")?.textContent)).toEqual(["a", "b"]);
  model.set("turns", []);
  expect(chat.querySelectorAll(".opea-turn")).toHaveLength(0);
});

it("does not move a reader who scrolled up, and follows for one at the end", () => {
  const { chat, model } = display([turn(1)]);
  const box = find(chat, ".opea-conversation");
  Object.defineProperty(box, "clientHeight", { value: 100 });
  Object.defineProperty(box, "scrollHeight", { value: 500, configurable: true });
  box.scrollTop = 120;
  model.set("answer", "more");
  expect(box.scrollTop).toBe(120);
  box.scrollTop = 400;
  model.set("answer", "more and more");
  expect(box.scrollTop).toBe(500);
});

it("shows questions, answers and errors as text", () => {
  const attack = "<img src=x onerror=alert(1)>";
  const { chat } = display([turn(1, { question: attack, answer: attack, error: attack, note: attack, state: "failed" })]);
  expect(chat.querySelector("img")).toBeNull();
  expect(chat.querySelector(".opea-asked")?.textContent).toBe(attack);
});

it("asks for the steps of a turn", () => {
  const { chat, model } = display([turn(7, { state: "done" })]);
  chat.querySelector<HTMLElement>(".opea-turn-note")?.click();
  expect(model.sent).toEqual([{ act: "run", n: 7 }]);
});

it("sends files that are dropped, and says which are too large", async () => {
  const { chat, model } = display();
  const small = new File(["the text"], "a.txt");
  const large = new File([], "b.bin");
  Object.defineProperty(large, "size", { value: FILE_LIMIT + 1 });
  const event = new Event("drop", { bubbles: true, cancelable: true });
  Object.defineProperty(event, "dataTransfer", { value: { types: ["Files"], files: [large, small] } });
  chat.dispatchEvent(event);
  await vi.waitFor(() => {
    expect(model.sent).toHaveLength(2);
  });
  expect(model.sent[0]).toEqual({ act: "refuse", text: "b.bin is over 64 MB" });
  expect(model.sent[1]).toEqual({ act: "file", name: "a.txt" });
  expect(new TextDecoder().decode((model.buffers[1] as ArrayBuffer[])[0])).toBe("the text");
});

it("hears nothing of another builder's ask line", () => {
  const { field } = display();
  const other = display();
  field.value = "mine";
  press(field, {});
  expect(other.model.sent).toEqual([]);
});
