/**
 * Lets zod read schemas as they are. To compile one takes longer than to use it once, and a program
 * uses most of them once. Imported before any schema is made, for each asks when it is made.
 */
import * as z from 'zod'

z.config({ jitless: true })
