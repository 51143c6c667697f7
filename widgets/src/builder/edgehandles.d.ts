/** The part of cytoscape-edgehandles 4 that is used; it brings no types. */
declare module "cytoscape-edgehandles" {
  import type { Core, EdgeCollection, NodeSingular } from "cytoscape";

  export interface EdgeHandles {
    start(source: NodeSingular): void;
    /** The wire's loose end, in the graph. */
    update(at: { x: number; y: number }): void;
    /** Ends the wire: `ehcomplete` first when it is at a target. */
    stop(): void;
    destroy(): void;
    readonly active: boolean;
    readonly targetNode: NodeSingular;
  }

  export interface Options {
    canConnect(source: NodeSingular, target: NodeSingular): boolean;
    edgeParams?(source: NodeSingular, target: NodeSingular): object;
    hoverDelay?: number;
    snap?: boolean;
    snapThreshold?: number;
    snapFrequency?: number;
    noEdgeEventsInDraw?: boolean;
    disableBrowserGestures?: boolean;
  }

  type Make = (this: Core, options: Options) => EdgeHandles;
  /** Tells a cytoscape of the extension. */
  export default function register(cytoscape: (type: "core", name: "edgehandles", make: Make) => void): void;
  export type { EdgeCollection };
}
