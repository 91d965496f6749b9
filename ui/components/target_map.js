// Draws what target_map.py hands over. Names and labels are untrusted: they are only ever set as text.
const SVG = "http://www.w3.org/2000/svg"
const SIZE = 100 // the outer radius in drawing units

const POLYGONS = {
  square: [[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]],
  triangle: [[0, -1.25], [1.15, 0.85], [-1.15, 0.85]],
  diamond: [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]],
  pentagon: [[0, -1.15], [1.09, -0.36], [0.68, 0.93], [-0.68, 0.93], [-1.09, -0.36]],
  cross: [[-0.45, -1.1], [0.45, -1.1], [0.45, -0.45], [1.1, -0.45], [1.1, 0.45], [0.45, 0.45],
          [0.45, 1.1], [-0.45, 1.1], [-0.45, 0.45], [-1.1, 0.45], [-1.1, -0.45], [-0.45, -0.45]],
}

function element(parent, name, attributes = {}, text = "") {
  const child = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) child.setAttribute(key, value)
  if (text) child.textContent = text
  parent.append(child)
  return child
}

function shape(parent, name, radius) {
  if (name === "circle") return element(parent, "circle", { r: radius })
  const corners = POLYGONS[name].map(([x, y]) => `${x * radius},${y * radius}`)
  return element(parent, "polygon", { points: corners.join(" ") })
}

// The direction in which ring labels meet the fewest points: the middle of the widest empty angle.
function emptiestAngle(points) {
  const turn = 2 * Math.PI
  const angles = points.map((point) => ((point.angle % turn) + turn) % turn).sort((a, b) => a - b)
  if (!angles.length) return 1.5 * Math.PI
  let best = { gap: -1, angle: 0 }
  angles.forEach((angle, place) => {
    const gap = place + 1 < angles.length ? angles[place + 1] - angle : angles[0] + turn - angle
    if (gap > best.gap) best = { gap, angle: angle + gap / 2 }
  })
  return best.angle
}

function describe(point) {
  const cited = point.number ? `[${point.number}] ` : ""
  return { title: `${cited}${point.label}`, detail: `cosine ${(1 - point.radius).toFixed(3)} · rank ${point.rank}` }
}

function drawRings(svg, data) {
  const angle = emptiestAngle(data.points)
  for (const ring of data.rings) {
    const radius = (ring.radius / data.outer) * SIZE
    element(svg, "circle", { r: radius, class: "ring" })
  }
  for (const ring of data.rings) {
    const radius = (ring.radius / data.outer) * SIZE
    const place = { x: radius * Math.cos(angle), y: radius * Math.sin(angle), class: "ring-label" }
    element(svg, "text", place, ring.label)
  }
}

function drawQuestion(svg) {
  const group = element(svg, "g", { class: "question" })
  element(group, "circle", { r: 3.2 })
  for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    element(group, "line", { x1: x * 5.5, y1: y * 5.5, x2: x * 9, y2: y * 9 })
  }
  element(group, "title", {}, "your question: cosine 1")
}

function drawPoint(svg, point, data) {
  const mark = data.documents[point.document]
  const distance = (point.radius / data.outer) * SIZE
  const group = element(svg, "g", {
    class: `point ${point.number ? "context" : "candidate"}${point.id === data.selected ? " selected" : ""}`,
    transform: `translate(${distance * Math.cos(point.angle)} ${distance * Math.sin(point.angle)})`,
    role: "button",
    tabindex: "-1",
    style: `--mark: ${mark.colour}`,
    "data-chunk": point.id,
  })
  const words = describe(point)
  group.setAttribute("aria-label", `${words.title}, ${words.detail}`)
  if (point.id === data.selected) element(group, "circle", { r: point.number ? 10.5 : 7, class: "halo" })
  shape(group, mark.shape, point.number ? 6.2 : 3)
  if (point.number) {
    element(group, "text", { y: mark.shape === "triangle" ? 1.6 : 0.4 }, String(point.number))
  }
  return group
}

function drawLegend(root, data) {
  const legend = document.createElement("ul")
  const cited = new Set(data.points.filter((point) => point.number).map((point) => point.document))
  const marks = Object.entries(data.documents)
  const shown = marks.filter(([id]) => cited.has(id)).concat(marks.filter(([id]) => !cited.has(id))).slice(0, 6)
  for (const [, mark] of shown) {
    const item = document.createElement("li")
    item.title = mark.name
    const svg = element(item, "svg", { viewBox: "-5 -5 10 10", "aria-hidden": "true" })
    svg.style.setProperty("--mark", mark.colour)
    shape(svg, mark.shape, 3.6)
    const name = document.createElement("span")
    name.textContent = mark.name
    item.append(name)
    legend.append(item)
  }
  if (marks.length > shown.length) {
    const rest = document.createElement("li")
    rest.textContent = `and ${marks.length - shown.length} more`
    legend.append(rest)
  }
  root.append(legend)
}

// One point at a time can be reached with Tab; the arrow keys walk through the others by rank.
function wire(groups, data, caption, pick) {
  const say = (point) => {
    const words = describe(point)
    caption.replaceChildren(document.createElement("b"), document.createElement("span"))
    caption.firstChild.textContent = words.title
    caption.lastChild.textContent = words.detail
  }
  const rest = () => {
    const selected = data.points.find((point) => point.id === data.selected)
    if (selected) say(selected)
    else caption.textContent = "Numbered: read by the answer. Hollow: found, not read."
  }
  const start = Math.max(0, data.points.findIndex((point) => point.id === data.selected))
  groups.forEach((group, place) => {
    const point = data.points[place]
    group.setAttribute("tabindex", place === start ? "0" : "-1")
    group.onmouseenter = group.onfocus = () => say(point)
    group.onmouseleave = group.onblur = rest
    group.onclick = () => pick(point.id)
    group.onkeydown = (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
      if (step) {
        group.setAttribute("tabindex", "-1")
        const next = groups[(place + step + groups.length) % groups.length]
        next.setAttribute("tabindex", "0")
        next.focus()
      } else if (event.key === "Enter" || event.key === " ") pick(point.id)
      else return
      event.preventDefault()
    }
  })
  rest()
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".target")
  if (!root || !data) return
  root.replaceChildren()
  const svg = element(root, "svg", { viewBox: "-103 -103 206 206", role: "group" })
  svg.setAttribute("aria-label", "Map of the chunks around your question; the rings are cosines")
  drawRings(svg, data)
  drawQuestion(svg)
  const groups = new Map()
  const behindFirst = [...data.points].sort((a, b) => (a.number ? 1 : 0) - (b.number ? 1 : 0) || b.rank - a.rank)
  for (const point of behindFirst) groups.set(point.id, drawPoint(svg, point, data))
  const caption = document.createElement("p")
  caption.setAttribute("aria-live", "polite")
  root.append(caption)
  drawLegend(root, data)
  wire(data.points.map((point) => groups.get(point.id)), data, caption, (id) => setTriggerValue("picked", id))
}
