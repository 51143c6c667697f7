/** What Python tells about a run, and how it is put in words. */

export type StepState = "waiting" | "running" | "done" | "skipped" | "failed" | "stopped";

export interface Step {
  name: string;
  state: StepState;
  /** Seconds after the run began; null before the step did. */
  start: number | null;
  /** Seconds the step has taken so far. */
  elapsed: number | null;
  /** Seconds from the step's start to the first text. */
  firstToken: number | null;
  tokens: number;
  url: string;
  status: number;
  reason: string;
  error: string;
  body: string;
  request: unknown;
  response: unknown;
}

export interface GraphNode {
  name: string;
  title: string;
  hue: number;
  /** Top left corner of its card, in pixels. */
  x: number;
  y: number;
}

export interface Run {
  run: string;
  pipeline: string;
  question: string;
  state: "waiting" | "running" | "done" | "failed" | "stopped";
  elapsed: number;
  error: { message: string; step: string; hint: string } | null;
  nodes: GraphNode[];
  edges: [string, string][];
  steps: Step[];
}

export const MARKS: Record<StepState, string> = {
  waiting: "○",
  running: "◐",
  done: "✓",
  skipped: "–",
  failed: "✕",
  stopped: "■",
};

/** `0.0042` → `4 ms`, `1.5` → `1.50 s`, `75` → `1 min 15 s`. */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 60) return `${seconds.toFixed(2)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** The quiet line of a step: how long, or why not. */
export function note(step: Step, ahead = 0): string {
  switch (step.state) {
    case "waiting":
      return "waiting";
    case "running":
      return `running ${duration((step.elapsed ?? 0) + ahead)}`;
    case "done":
      return duration(step.elapsed ?? 0);
    case "skipped":
      return step.reason || "skipped";
    case "failed":
      return `failed after ${duration(step.elapsed ?? 0)}`;
    case "stopped":
      return "stopped";
  }
}

/** What a screen reader hears when a step's state changes. */
export function announcement(before: Step | undefined, now: Step): string {
  if (before?.state === now.state || now.state === "waiting") return "";
  const words: Record<StepState, string> = {
    waiting: "",
    running: "running",
    done: `done in ${duration(now.elapsed ?? 0)}`,
    skipped: `skipped: ${now.reason}`,
    failed: `failed: ${now.error}`,
    stopped: "stopped",
  };
  return `${now.name} ${words[now.state]}`;
}

export interface Bar {
  left: number;
  width: number;
  token: number | null;
}

/** Where a step's bar lies, in percent of the run; null before it started. `ahead` is the time since Python told. */
export function bar(step: Step, run: Run, ahead = 0): Bar | null {
  if (step.start === null) return null;
  const growing = run.state === "running" ? ahead : 0;
  const ends = run.steps.map((s) => (s.start ?? 0) + (s.elapsed ?? 0) + (s.state === "running" ? growing : 0));
  const total = Math.max(run.elapsed + growing, ...ends, 1e-6);
  const length = (step.elapsed ?? 0) + (step.state === "running" ? growing : 0);
  const percent = (seconds: number): number => Math.min(100, Math.max(0, (100 * seconds) / total));
  return {
    left: percent(step.start),
    width: Math.max(0.6, percent(length)),
    token: step.firstToken === null ? null : percent(step.start + step.firstToken),
  };
}

export function pretty(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
