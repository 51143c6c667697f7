/** The one set of icons, as parts of a drawing; stylesheets show the same by `.opea-icon-<name>`. */
import drawings from "opea-icons";

/** Drawn in strokes of the current colour inside 24 × 24; a box for a name that is not in the set. */
export function icon(name: string): string {
  return (Object.hasOwn(drawings, name) ? drawings[name] : undefined) ?? drawings.box ?? "";
}
