/** `least`, ten times that, and so on, and `most` in the end. */
export function decadesUpTo(most: number, least: number): number[] {
  const steps: number[] = []
  for (let at = least; at < most; at *= 10) steps.push(at)
  return [...steps, most]
}
