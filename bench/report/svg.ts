/** A few shapes, and one set of colours for light and one for dark. */

export type Fill = 'ours' | 'other-node' | 'restic'
export type TextStyle = 'title' | 'label' | 'quiet'

export interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Contrast of text to background is above 4.5 in both; the fills differ in lightness too. */
const styleSheet = `
  svg { --back: #ffffff; --text: #1f2328; --quiet: #59636e; --line: #d1d9e0;
        --ours: #1a7f37; --other-node: #8ccf9d; --restic: #8c6bb1; --dot: #1f2328 }
  @media (prefers-color-scheme: dark) {
    svg { --back: #0d1117; --text: #f0f6fc; --quiet: #9198a1; --line: #3d444d;
          --ours: #3fb950; --other-node: #216e39; --restic: #a78bda; --dot: #f0f6fc }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--text) }
  .title { font-size: 15px; font-weight: 600 }
  .quiet { fill: var(--quiet) }
  .back { fill: var(--back) }
  .grid { stroke: var(--line); stroke-width: 1 }
  .dot { fill: var(--dot); fill-opacity: 0.55 }
  .line { fill: none; stroke-width: 2 }
  .ours { fill: var(--ours) } .other-node { fill: var(--other-node) } .restic { fill: var(--restic) }
  .line.ours { fill: none; stroke: var(--ours) }
  .line.other-node { fill: none; stroke: var(--other-node) }
  .line.restic { fill: none; stroke: var(--restic) }
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
