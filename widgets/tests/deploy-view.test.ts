import { afterEach, expect, it } from "vitest";
import deployView from "../src/deploy-view";
import { FakeModel, show } from "./samples";

const SERVICE = {
  name: "llm",
  kind: "llm",
  mark: "◌",
  state: "starting",
  tone: "busy",
  detail: "loading model 40 %",
  restarts: 0,
  percent: 40,
};
const STATE = { title: "Deploying chatqna", state: "starting", headline: "starting", services: [SERVICE], error: null };

afterEach(() => {
  document.body.replaceChildren();
});

it("shows what each service waits for", () => {
  const { el } = show(deployView, new FakeModel({ state: STATE }));
  expect(el.querySelector(".opea-service")?.textContent).toBe("◌llmstartingloading model 40 %");
  expect(el.querySelector<HTMLElement>(".opea-amount")?.style.width).toBe("40%");
});

it("shows hostile details and logs as text", () => {
  const bad = "<img src=x onerror=alert(1)>";
  const error = { message: bad, hint: bad, log: [bad] };
  const services = [{ ...SERVICE, name: bad, detail: bad }];
  const { el } = show(deployView, new FakeModel({ state: { ...STATE, title: bad, services, error } }));
  expect(el.querySelectorAll("img")).toHaveLength(0);
  expect(el.querySelector("pre")?.textContent).toBe(bad);
});

it("announces a service once when its state changes", () => {
  const model = new FakeModel({ state: STATE });
  const { el } = show(deployView, model);
  const services = [{ ...SERVICE, state: "ready", tone: "good", detail: "", percent: null }];
  model.set("state", { ...STATE, services });
  expect(el.querySelector(".opea-live")?.textContent).toBe("llm ready");
});
