// Bundles each widget into opea_nb/static, so that installing the Python package needs no Node.
// `--check` builds in memory and compares bytes with what is checked in.
import { build } from "esbuild";
import { readFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { iconsOfEsbuild } from "./icons.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(here, "../opea_nb/static");
const widgets = ["run-view", "deploy-view", "chat-view", "log-view", "builder"];

const result = await build({
  absWorkingDir: here,
  entryPoints: widgets.flatMap((name) => [`src/${name}.ts`, `src/${name}.css`]),
  outdir: target,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  plugins: [iconsOfEsbuild],
  write: false,
});

const stale = [];
await mkdir(target, { recursive: true });
for (const file of result.outputFiles) {
  if (!process.argv.includes("--check")) {
    await writeFile(file.path, file.contents);
    console.log(`${relative(here, file.path)}  ${(file.contents.length / 1024).toFixed(1)} KB`);
    continue;
  }
  const found = await readFile(file.path).catch(() => null);
  if (found === null || !found.equals(file.contents)) stale.push(relative(here, file.path));
}
if (stale.length > 0) {
  console.error(`Not built from these sources: ${stale.join(", ")}\n  → run: npm run build (in widgets/), and commit it`);
  process.exit(1);
}
