/** As many as are held while they may not be told. */
const heldMax = 30_000

/** Tells one after the other what `events` gives, and reads ahead while it may not yet. */
export async function tellInTurn<Event>(
  events: AsyncIterable<Event>,
  mayTell: Promise<void>,
  tell: (event: Event) => void | Promise<void>,
): Promise<void> {
  const held: Event[] = []
  const tellHeld = async (): Promise<void> => {
    for (const event of held.splice(0)) await tell(event)
  }
  let isAllowed = false
  mayTell.then(
    () => (isAllowed = true),
    () => undefined,
  )
  for await (const event of events) {
    held.push(event)
    if (held.length === heldMax) await mayTell
    if (isAllowed) await tellHeld()
  }
  await mayTell
  await tellHeld()
}
