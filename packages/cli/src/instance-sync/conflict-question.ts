import type { Answer, Conflict, OnConflict } from '@instance-sync/sync'
import type { WorkContext } from './command.ts'
import { instanceLabel } from './label.ts'
import { answerChoices, conflictLines, placeText } from './render/conflict.ts'
import { shortId, timeText } from './render/amounts.ts'

/** How a conflict is settled: as the flag says; else a person is asked; else nothing is changed. */
export function onConflict(given: Answer | undefined, context: WorkContext): OnConflict {
  const { person, common, progress, screen } = context
  if (given !== undefined) return given
  if (person === undefined) return 'stop'
  return (conflict) =>
    progress.paused(async () => {
      const label = await instanceLabel(common)
      for (const line of conflictLines(conflict, label)) screen.printError(line)
      const answer = await person.choose('What shall count? ', answerChoices)
      if (answer === 'stop' || answer === 'keep-here') return { answer }
      return { answer, there: await askSide(conflict, context) }
    })
}

/** Which of several others is "there"; there is nothing to ask when it is only one. */
async function askSide(
  { sides }: Conflict,
  { person }: WorkContext,
): Promise<Conflict['sides'][number]['snapshot']> {
  const others = sides.filter(({ where }) => where === 'there')
  if (others.length < 2 || person === undefined) return others[0]?.snapshot
  const chosen = await person.choose(
    'Which of the others? ',
    others.map((side) => [
      shortId(side.snapshot ?? ''),
      `${placeText(side, others)}, ${timeText(side.time ?? '')}`,
    ]),
  )
  return others.find(({ snapshot = '' }) => shortId(snapshot) === chosen)?.snapshot
}
