"use strict";
// Every text goes into the page through textContent, so that none is taken for markup.
(() => {
  const $ = (id) => document.getElementById(id);
  const make = (tag, text = "", properties = {}) => Object.assign(document.createElement(tag), { textContent: text, ...properties });
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  const state = { tab: "ask", lacks: [], removed: new Map(), added: [], before: null, turn: 0, drawn: null };
  let words = WORDS.en;

  const TABS = { ask: ["question", "options"], entails: ["premise", "hypothesis"], emotion: ["text", null] };
  const named = (edge) => JSON.stringify([edge.source, edge.relation, edge.target]);
  const label = (key) => (key.startsWith("/c/") ? key.split("/")[3] : key).replaceAll("_", " ");

  async function call(path, body) {
    const headers = { "Content-Type": "application/json" };
    if ($("key").value) headers.Authorization = `Bearer ${$("key").value}`;
    const response = await fetch(path, body ? { method: "POST", headers, body: JSON.stringify(body) } : { headers });
    const values = await response.json();
    if (!response.ok) throw new Error([values.error.message, values.error.hint].filter(Boolean).join(". "));
    return values;
  }

  function translate() {
    words = WORDS[$("language").value];
    document.documentElement.lang = $("language").value;
    for (const each of document.querySelectorAll("[data-word]")) each.textContent = words[each.dataset.word];
    for (const each of document.querySelectorAll("[data-placeholder]")) {
      each.placeholder = words[each.dataset.placeholder];
      each.setAttribute("aria-label", words[each.dataset.placeholder]);
    }
    const [first, second] = TABS[state.tab];
    $("text-label").textContent = words[first];
    $("second-label").textContent = second ? words[second] : "";
    $("with-second").hidden = !second;
    $("with-context").hidden = state.tab !== "ask" || state.lacks.includes("context");
    $("second").required = state.tab === "ask" && state.lacks.includes("open");
  }

  function choose(tab) {
    state.tab = tab;
    for (const name of Object.keys(TABS)) $(`tab-${name}`).setAttribute("aria-selected", String(name === tab));
    $("result").hidden = $("evidence").hidden = true;
    translate();
  }

  function asked() {
    const graph = $("graph-name").value;
    const edits = { add: state.added, remove: [...state.removed.keys()].map((name) => JSON.parse(name)) };
    if (state.tab === "emotion") return { text: $("text").value, graph };
    if (state.tab === "entails") return { premise: $("text").value, hypothesis: $("second").value, graph };
    const options = $("second").value.split("\n").map((line) => line.trim()).filter(Boolean);
    const context = $("context").value.trim() ? { context: $("context").value } : {};
    return { question: $("text").value, options, graph, ...context, ...edits };
  }

  async function answer({ anew }) {
    const turn = ++state.turn;
    if (anew) Object.assign(state, { removed: new Map(), added: [], before: null });
    $("note").textContent = "";
    try {
      const item = asked();
      const found = await call(`v1/${state.tab}`, item);
      if (turn !== state.turn) return; // another question was asked meanwhile
      $("result").hidden = false;
      $("more").replaceChildren();
      if (anew) await mark($("text").value, item.graph);
      (state.tab === "emotion" ? feeling : ranking)(found);
      evidence(found);
      const times = Object.entries(found.trace).map(([name, value]) => `${name.replace("_ms", "")} ${value.toFixed(name.endsWith("_ms") ? 1 : 0)}`);
      $("trace").textContent = times.join(" · ");
    } catch (error) {
      if (turn === state.turn) $("note").textContent = error.message;
    }
  }

  async function mark(text, graph) {
    $("marked").replaceChildren();
    if (graph === "none") return;
    const { mentions } = await call("v1/ground", { text, graph });
    let at = 0;
    const characters = [...text]; // offsets count characters, not halves of pairs
    for (const each of mentions.filter((one) => one.option < 0).sort((a, b) => a.start - b.start)) {
      if (each.start < at) continue;
      $("marked").append(characters.slice(at, each.start).join(""));
      $("marked").append(make("mark", characters.slice(each.start, each.end).join(""), { title: each.candidates.map((one) => label(one.key)).join(", ") }));
      at = each.end;
    }
    $("marked").append(characters.slice(at).join(""));
  }

  function row(name, share, more, chosen) {
    const line = make("tr", "", { className: chosen ? "chosen" : "" });
    const bar = make("td");
    bar.append(make("meter", "", { value: share, max: 1 }));
    line.append(make("td", name, { dir: "auto" }), bar, make("td", percent(share), { className: "number" }), ...more);
    return line;
  }

  function ranking(found) {
    const before = state.before ?? {};
    $("choice").textContent = found.abstained ? words.abstained : found.choice || words.unanswered;
    $("ranking").tBodies[0].replaceChildren(...found.options.map((option, place) => {
      const gained = option.probability - (before[option.text] ?? option.probability);
      const told = Math.abs(gained) < 0.0005 ? "" : `${gained > 0 ? "+" : "−"}${percent(Math.abs(gained))}`;
      const scores = found.gate ? `${option.text_score.toFixed(2)} ${option.graph_score < 0 ? "−" : "+"} ${Math.abs(option.graph_score).toFixed(2)}` : "";
      return row(option.text, option.probability, [
        make("td", told, { className: gained > 0 ? "number gain" : "number loss" }), make("td", scores, { className: "number" }),
      ], !place && !found.abstained);
    }));
    state.before = Object.fromEntries(found.options.map((option) => [option.text, option.probability]));
    const closed = found.options.length && found.options[0].index >= 0 && !found.answers.length && !found.abstained;
    const text = closed ? found.options.reduce((best, each) => (each.text_score > best.text_score ? each : best)).text : "";
    const alone = text === found.choice ? words.same : `${words.other}: ${text}`;
    $("compared").textContent = [found.note, closed ? `${alone} (${words.gate}: ${found.gate.toFixed(2)})` : ""].filter(Boolean).join(". ");
    const read = found.sentences.filter((each) => each.weight >= 0.005);
    if (read.length) {
      $("more").append(make("li", words.sentences), ...read.map((each) => make("li", `${each.weight.toFixed(2)}  ${each.text}`, { dir: "auto" })));
    }
  }

  function feeling(mood) {
    $("choice").textContent = `${mood.sentiment} (${percent(mood.confidence)})`;
    const sure = Object.entries(mood.categories);
    $("ranking").tBodies[0].replaceChildren(...sure.map(([name, share]) => row(name, share, [], mood.found.includes(name))));
    $("compared").textContent = mood.note;
    const lines = mood.sentences.map(([text, positive], place) =>
      make("li", `${positive.toFixed(2)}  ${text}${place === mood.shift ? ` (${words.turns})` : ""}`, { className: positive < 0.5 ? "loss" : "gain", dir: "auto" }));
    const known = mood.concepts.map((each) => make("li", `${each.valence.toFixed(2)}  ${each.mention}`, { className: each.valence < 0 ? "loss" : "gain", dir: "auto" }));
    $("more").append(...lines, ...(known.length ? [make("li", words.concepts), ...known] : []));
  }

  function evidence(found) {
    const edges = new Map(found.evidence.paths.flatMap((path) => path.edges).map((edge) => [named(edge), edge]));
    const all = new Map([...edges, ...state.removed]);
    $("evidence").hidden = !all.size && !state.added.length;
    const editable = state.tab === "ask";
    $("addition").hidden = !editable;
    $("edges").replaceChildren(...[...all].map(([name, edge]) => line(name, edge, editable)), ...state.added.map(addition));
    draw([...edges.values()]);
  }

  function line(name, edge, editable) {
    const item = make("li"), box = make("input", "", { type: "checkbox", checked: !state.removed.has(name), disabled: !editable });
    box.addEventListener("change", () => {
      if (box.checked) state.removed.delete(name); else state.removed.set(name, edge);
      answer({ anew: false });
    });
    const tag = make("label");
    tag.append(box, make("span", ` ${edge.text || `${edge.source} ${edge.relation} ${edge.target}`}`, { className: box.checked ? "" : "off", title: told(edge) }));
    item.append(tag);
    item.addEventListener("focusin", () => { $("told").textContent = told(edge); });
    item.addEventListener("mouseenter", () => { $("told").textContent = told(edge); });
    return item;
  }

  function addition(triple) {
    const item = make("li"), box = make("input", "", { type: "checkbox", checked: true });
    box.addEventListener("change", () => {
      state.added = state.added.filter((each) => each !== triple);
      answer({ anew: false });
    });
    const tag = make("label");
    tag.append(box, make("span", ` ${triple.join(" · ")} (${words.added})`));
    item.append(tag);
    return item;
  }

  const told = (edge) => `${edge.relation}, ${words.weight} ${edge.weight.toPrecision(3)}, ${words.origin} ${edge.origin}`;

  function draw(edges) {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const targets = new Set(edges.map((edge) => edge.target)), nodes = [...new Set(edges.flatMap((edge) => [edge.source, edge.target]))];
    state.drawn?.destroy();
    if (!edges.length) return;
    state.drawn = cytoscape({
      container: $("drawing"), minZoom: 0.2, maxZoom: 1.8,
      elements: [
        ...nodes.map((key, place) => ({ data: { id: `n${place}`, label: label(key), first: !targets.has(key) } })),
        ...edges.map((edge, place) => ({ data: { id: `e${place}`, source: `n${nodes.indexOf(edge.source)}`, target: `n${nodes.indexOf(edge.target)}`, edge } })),
      ],
      style: [
        { selector: "node", style: { label: "data(label)", color: colour("ink"), "font-size": 13, "text-valign": "bottom", "text-wrap": "wrap", "text-max-width": 140, width: 18, height: 18, "background-color": colour("other") } },
        { selector: "node[?first]", style: { "background-color": colour("start"), width: 26, height: 26 } },
        { selector: "edge", style: { width: 2, "line-color": colour("weak"), "target-arrow-color": colour("weak"), "target-arrow-shape": "triangle", "curve-style": "bezier", label: (each) => each.data("edge").relation, color: colour("soft"), "font-size": 10, "text-rotation": "autorotate" } },
        { selector: "edge.near", style: { width: 4, "line-color": colour("strong"), "target-arrow-color": colour("strong") } },
      ],
      layout: { name: "breadthfirst", directed: true, spacingFactor: 1.2, padding: 30, animate: false },
    });
    state.drawn.on("mouseover tap", "edge", ({ target }) => { target.addClass("near"); $("told").textContent = `${target.data("edge").text} (${told(target.data("edge"))})`; });
    state.drawn.on("mouseout", "edge", ({ target }) => target.removeClass("near"));
  }

  for (const name of Object.keys(TABS)) $(`tab-${name}`).addEventListener("click", () => choose(name));
  document.querySelector("[role=tablist]").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const names = Object.keys(TABS), next = names.at((names.indexOf(state.tab) + step) % names.length);
    choose(next);
    $(`tab-${next}`).focus();
  });
  $("language").addEventListener("change", translate);
  $("form").addEventListener("submit", (event) => { event.preventDefault(); answer({ anew: true }); });
  $("addition").addEventListener("submit", (event) => {
    event.preventDefault();
    state.added.push([$("add-source").value.trim(), $("add-relation").value.trim(), $("add-target").value.trim()]);
    event.target.reset();
    answer({ anew: false });
  });

  async function begin() {
    try {
      const { graphs, relations, lacks } = await call("v1/graph/info");
      state.lacks = lacks;
      translate();
      $("graph-name").replaceChildren(...graphs.map((name) => make("option", name, { value: name })));
      $("relations").replaceChildren(...Object.keys(relations).map((name) => make("option", "", { value: name })));
    } catch (error) {
      $("graph-name").replaceChildren(make("option", "default", { value: "default" }));
      $("note").textContent = error.message;
    }
  }
  $("key").addEventListener("change", begin);
  choose("ask");
  begin();
})();
