/** Made by icons.mjs: name -> the inside of a 24 × 24 drawing. */
declare module "opea-icons" {
  const drawings: Readonly<Record<string, string>>;
  export default drawings;
}
