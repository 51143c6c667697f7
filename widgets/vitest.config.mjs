import { defineConfig } from "vitest/config";
import { iconsOfVite } from "./icons.mjs";

export default defineConfig({
  plugins: [iconsOfVite],
  test: { environment: "happy-dom", include: ["tests/**/*.test.ts"] },
});
