// Draws what bars.py hands over. Labels are untrusted: they are only ever set as text.
function block(parent, tag, className, text = "") {
  const child = document.createElement(tag)
  child.className = className
  if (text) child.textContent = text
  parent.append(child)
  return child
}

const percent = (axis, value) => (100 * (value - axis.low)) / (axis.high - axis.low)

function drawTrack(row, bar, axis) {
  const track = block(row, "div", "track")
  for (const { start, end, tone } of bar.segments) {
    const [left, right] = [percent(axis, Math.min(start, end)), percent(axis, Math.max(start, end))]
    const segment = block(track, "div", `segment ${tone}`)
    segment.style.left = `${left}%`
    segment.style.width = `max(2px, ${right - left}%)`
  }
}

function drawRow(root, bar, axis, pick) {
  const row = block(root, bar.id ? "button" : "div", "row")
  if (bar.id) {
    row.type = "button"
    row.onclick = () => pick(bar.id)
  }
  const line = block(row, "div", "line")
  block(line, "span", "label", bar.label).title = bar.label
  block(line, "span", "value", bar.value)
  drawTrack(row, bar, axis)
  if (bar.note) block(row, "div", "note", bar.note)
}

function drawAxis(root, axis) {
  const scale = block(root, "div", "axis")
  for (const tick of axis.ticks) block(scale, "i", "tick").style.left = `${percent(axis, tick)}%`
  for (const [place, text] of axis.labels) {
    const label = block(scale, "span", "", text)
    const at = percent(axis, place)
    label.style.left = `${at}%`
    label.style.transform = `translateX(-${at < 8 ? 0 : at > 92 ? 100 : 50}%)`
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".bars")
  if (!root || !data) return
  root.replaceChildren()
  for (const bar of data.bars) drawRow(root, bar, data.axis, (id) => setTriggerValue("picked", id))
  drawAxis(root, data.axis)
}
