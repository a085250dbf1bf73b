/** A few shapes, and one set of colours for light and one for dark. */

export type Fill = 'ours' | 'other-node' | 'restic'
export type TextStyle = 'title' | 'label' | 'quiet'

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

interface Palette {
  readonly back: string
  readonly text: string
  readonly quiet: string
  readonly grid: string
  readonly fills: Readonly<Record<Fill, string>>
}

/** Contrast of text to background is above 4.5 in both; the fills differ in lightness too. */
const light: Palette = {
  back: '#ffffff',
  text: '#1f2328',
  quiet: '#59636e',
  grid: '#d1d9e0',
  fills: { ours: '#1a7f37', 'other-node': '#7fc793', restic: '#8c6bb1' },
}
const dark: Palette = {
  back: '#0d1117',
  text: '#f0f6fc',
  quiet: '#9198a1',
  grid: '#3d444d',
  fills: { ours: '#3fb950', 'other-node': '#216e39', restic: '#a78bda' },
}

/** Without CSS variables, which viewers other than browsers do not know. */
function rules({ back, text, quiet, grid, fills }: Palette): string {
  const lines = [
    `.back { fill: ${back} }`,
    `text { fill: ${text} }`,
    `.quiet { fill: ${quiet} }`,
    `.grid { stroke: ${grid} }`,
    `.dot { fill: ${text} }`,
    ...Object.entries(fills).flatMap(([name, colour]) => [
      `.${name} { fill: ${colour} }`,
      `.line.${name} { fill: none; stroke: ${colour} }`,
    ]),
  ]
  return lines.join('\n')
}

const styleSheet = `
text { font: 12px system-ui, sans-serif }
.title { font-size: 15px; font-weight: 600 }
.dot { fill-opacity: 0.55 }
.line { stroke-width: 2 }
${rules(light)}
@media (prefers-color-scheme: dark) {
${rules(dark)}
}
`

/** Lengths are CSS pixels, from the upper left corner. */
export class Drawing {
  readonly #parts: string[] = []
  readonly #width: number
  readonly #height: number
  readonly #title: string

  constructor(width: number, height: number, title: string) {
    this.#width = width
    this.#height = height
    this.#title = title
  }

  text(
    x: number,
    y: number,
    text: string,
    style: TextStyle,
    anchor: 'start' | 'middle' | 'end' = 'start',
  ): void {
    const at = `x="${short(x)}" y="${short(y)}" text-anchor="${anchor}"`
    this.#parts.push(`<text ${at} class="${style}">${escaped(text)}</text>`)
  }

  bar({ x, y, width, height }: Rectangle, fill: Fill): void {
    const at = `x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"`
    this.#parts.push(`<rect ${at} rx="2" class="${fill}"/>`)
  }

  dot(x: number, y: number, radius: number, fill: Fill | 'dot' = 'dot'): void {
    this.#parts.push(
      `<circle cx="${short(x)}" cy="${short(y)}" r="${short(radius)}" class="${fill}"/>`,
    )
  }

  gridLine(from: Point, to: Point): void {
    const at = `x1="${short(from.x)}" y1="${short(from.y)}" x2="${short(to.x)}" y2="${short(to.y)}"`
    this.#parts.push(`<line ${at} class="grid"/>`)
  }

  line(points: readonly Point[], fill: Fill): void {
    const list = points.map(({ x, y }) => `${short(x)},${short(y)}`).join(' ')
    this.#parts.push(`<polyline points="${list}" class="line ${fill}"/>`)
  }

  svg(): string {
    const size = `width="${this.#width}" height="${this.#height}"`
    const box = `viewBox="0 0 ${this.#width} ${this.#height}"`
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${box} role="img">`,
      `<title>${escaped(this.#title)}</title>`,
      `<style>${styleSheet}</style>`,
      `<rect ${size} rx="6" class="back"/>`,
      ...this.#parts,
      '</svg>\n',
    ].join('\n')
  }
}

export interface Point {
  readonly x: number
  readonly y: number
}

function short(length: number): string {
  return String(Math.round(length * 10) / 10)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
