/** The page's colours as values: a canvas cannot read CSS variables. */
import { element } from "../dom";

export interface Colours {
  readonly dark: boolean;
  /** Lines and marks must stand out more: a high-contrast theme, or forced colours. */
  readonly contrast: boolean;
  readonly background: string;
  readonly card: string;
  readonly line: string;
  readonly edge: string;
  readonly text: string;
  readonly quiet: string;
  readonly brand: string;
  readonly good: string;
  readonly warn: string;
  readonly bad: string;
  readonly font: string;
  /** By number of hue. */
  readonly hues: readonly string[];
}
