/** Many pictures at once: a browser takes milliseconds for each SVG that it loads, but as little for a sheet of them. */

const COLUMNS = 8;
const PER_SHEET = 96;

/** A picture as the canvas's renderer takes it from its cache. */
export type Drawn = (HTMLImageElement | ImageBitmap) & { readonly complete: boolean };

interface Cell {
  picture: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Each loaded on its own: sharp at any zoom. */
export function loadOne(picture: string): Promise<Drawn | undefined> {
  return new Promise((settle) => {
    const image = new Image();
    image.onload = () => {
      settle(image);
    };
    image.onerror = () => {
      settle(undefined);
    };
    image.src = picture;
  });
}

/** All of them by way of a few sheets, drawn at this scale. Gives what could be loaded. */
export async function loadMany(pictures: readonly string[], scale: number): Promise<Map<string, Drawn>> {
  const drawn = new Map<string, Drawn>();
  for (let from = 0; from < pictures.length; from += PER_SHEET) {
    const cells = laidOut(pictures.slice(from, from + PER_SHEET));
    const width = Math.max(...cells.map((cell) => cell.x + cell.width));
    const height = Math.max(...cells.map((cell) => cell.y + cell.height));
    const inside = cells.map(({ picture, x, y }) => bodyOf(picture).replace("<svg ", `<svg x="${x}" y="${y}" `)).join("");
    const sheet = await loadOne(
      `data:image/svg+xml;utf8,${encodeURIComponent(
        `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${inside}</svg>`,
      )}`,
    );
    const whole = sheet && copied(sheet, width, height, scale);
    if (!whole) continue;
    const pixels = (length: number): number => Math.round(length * scale);
    const cut = ({ x, y, width: wide, height: high }: Cell): Promise<ImageBitmap> =>
      createImageBitmap(whole, pixels(x), pixels(y), pixels(wide), pixels(high));
    for (const [at, image] of (await Promise.all(cells.map(cut))).entries()) {
      const picture = cells[at]?.picture;
      if (picture !== undefined) drawn.set(picture, Object.assign(image, { complete: true }));
    }
  }
  return drawn;
}

function laidOut(pictures: readonly string[]): Cell[] {
  const cells = pictures.map((picture) => {
    const [, width, height] = /<svg [^>]*?width="([\d.]+)" height="([\d.]+)"/.exec(bodyOf(picture)) ?? [];
    return { picture, x: 0, y: 0, width: Math.ceil(Number(width)), height: Math.ceil(Number(height)) };
  });
  const [wide, high] = [Math.max(...cells.map((cell) => cell.width)), Math.max(...cells.map((cell) => cell.height))];
  return cells.map((cell, at) => ({ ...cell, x: (at % COLUMNS) * wide, y: Math.floor(at / COLUMNS) * high }));
}

function bodyOf(picture: string): string {
  return decodeURIComponent(picture.slice(picture.indexOf(",") + 1));
}

function copied(from: CanvasImageSource, width: number, height: number, scale: number): HTMLCanvasElement | undefined {
  const made = document.createElement("canvas");
  made.width = Math.max(1, Math.round(width * scale));
  made.height = Math.max(1, Math.round(height * scale));
  const pen = made.getContext("2d");
  pen?.drawImage(from, 0, 0, width, height, 0, 0, made.width, made.height);
  return pen ? made : undefined;
}
