"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const told = document.getElementById("told");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const shapes = { start: "round-rectangle", end: "diamond", option: "triangle", other: "ellipse" };

  const styles = () => [
    { selector: "node", style: {
      label: "data(label)", color: colour("ink"), "font-size": 13, "text-valign": "bottom", "text-margin-y": 4,
      "text-wrap": "wrap", "text-max-width": 140, "text-outline-color": colour("paper"), "text-outline-width": 2,
      width: 18, height: 18,
    } },
    ...Object.entries(shapes).map(([role, shape]) => ({
      selector: `node[role = "${role}"]`,
      style: { shape, "background-color": colour(role), ...(role === "other" ? {} : { width: 26, height: 26, "font-weight": "bold" }) },
    })),
    { selector: "edge", style: {
      width: 1.5, "line-color": colour("weak"), "target-arrow-color": colour("weak"), "target-arrow-shape": "triangle",
      "curve-style": "bezier", label: "data(relation)", color: colour("soft"), "font-size": 10,
      "text-rotation": "autorotate", "text-outline-color": colour("paper"), "text-outline-width": 2,
    } },
    { selector: "edge[?strong]", style: {
      width: 4, "line-color": colour("strong"), "target-arrow-color": colour("strong"), color: colour("ink"),
      "font-size": 11, "z-index": 2,
    } },
    { selector: 'edge[origin != "graph"]', style: { "line-style": "dashed" } },
  ];

  const starts = data.nodes.flatMap((node, place) => (node.role === "start" ? [`n${place}`] : []));
  const layouts = {
    layers: { name: "breadthfirst", roots: starts.length ? starts : undefined, spacingFactor: 1.1, padding: 40,
      // From left to right; staggered, so that edges within a layer do not run through its other nodes.
      transform: (node, at) => ({ x: 2 * at.y + 50 * (Number(node.id().slice(1)) % 3), y: 0.7 * at.x }) },
    rings: { name: "concentric", concentric: (node) => (node.data("role") === "start" ? 2 : 1), levelWidth: () => 1,
      minNodeSpacing: 60, padding: 40 },
  };

  const drawn = cytoscape({
    container: document.getElementById("graph"),
    elements: [
      ...data.nodes.map((node, place) => ({ data: { ...node, id: `n${place}` } })),
      ...data.edges.map((edge, place) => ({
        data: { ...edge, id: `e${place}`, source: `n${edge.source}`, target: `n${edge.target}` },
      })),
    ],
    style: styles(),
    layout: { ...layouts[data.layout], animate: false },
    minZoom: 0.2,
    maxZoom: 1.8,
  });
  const tell = (edge) => {
    told.textContent = `${edge.data("text")} (${edge.data("relation")}, weight ${edge.data("weight").toPrecision(3)})`;
  };
  drawn.on("mouseover tap", "edge", (event) => tell(event.target));
  drawn.on("tap", "node", (event) => {
    told.textContent = event.target.connectedEdges().map((edge) => edge.data("text")).join("; ") || event.target.data("label");
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.style(styles()));
})();
