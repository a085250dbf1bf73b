type Values = Uint8Array | Uint32Array | Float64Array

/** A typed array that grows: numbers without an object for each row. */
export class Column<Storage extends Values = Values> {
  readonly #make: (length: number) => Storage
  #values: Storage
  #length = 0

  private constructor(make: (length: number) => Storage) {
    this.#make = make
    this.#values = make(64)
  }

  static bytes(): Column<Uint8Array> {
    return new Column((length) => new Uint8Array(length))
  }

  static words(): Column<Uint32Array> {
    return new Column((length) => new Uint32Array(length))
  }

  static doubles(): Column<Float64Array> {
    return new Column((length) => new Float64Array(length))
  }

  get length(): number {
    return this.#length
  }

  /** The row of the new value. */
  push(value: number): number {
    if (this.#length === this.#values.length) {
      const larger = this.#make(this.#length * 2)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#length] = value
    return this.#length++
  }

  at(row: number): number {
    if (row >= this.#length) throw new RangeError(`row ${row} of ${this.#length}`)
    return this.#values[row] as number
  }

  set(row: number, value: number): void {
    if (row >= this.#length) throw new RangeError(`row ${row} of ${this.#length}`)
    this.#values[row] = value
  }

  /** Forgets the rows from `length` on. */
  truncate(length: number): void {
    this.#length = Math.min(this.#length, length)
  }
}
