import { describe, expect, it } from 'vitest'
import { type ProgramWorld, childProgram } from './child-program.ts'

const files = new Set([
  'C:\\Tools\\gradlew.bat',
  'C:\\Tools\\java.exe',
  'C:\\Games\\My Pack\\start.cmd',
])
const windows: ProgramWorld = {
  platform: 'win32',
  environment: {
    Path: 'C:\\Windows;"C:\\Tools"',
    PATHEXT: '.COM;.EXE;.BAT;.CMD',
    comspec: 'C:\\Windows\\cmd.exe',
  },
  workingFolder: 'C:\\Games\\My Pack',
  isFile: (path) => [...files].some((file) => file.toLowerCase() === path.toLowerCase()),
}

function lineOf(command: string, ...args: string[]): string {
  const program = childProgram(command, args, windows)
  expect(program).toMatchObject({ file: 'C:\\Windows\\cmd.exe', isVerbatim: true })
  expect(program.args.slice(0, -1)).toEqual(['/e:ON', '/v:OFF', '/d', '/c'])
  return program.args.at(-1) ?? ''
}

describe('the program that a wrapped command names', () => {
  it('is the command itself, except for batch files on Windows', () => {
    const linux = { ...windows, platform: 'linux' }
    expect(childProgram('start.cmd', ['a b'], linux)).toEqual({
      file: 'start.cmd',
      args: ['a b'],
      isVerbatim: false,
    })
    for (const command of ['java', 'java.exe', 'nowhere', 'C:\\Tools\\java']) {
      expect(childProgram(command, ['%PATH%'], windows)).toEqual({
        file: command,
        args: ['%PATH%'],
        isVerbatim: false,
      })
    }
  })

  it('is the command processor for a batch file, found as Windows finds programs', () => {
    expect(lineOf('start')).toBe('""C:\\Games\\My Pack\\start.CMD""')
    expect(lineOf('.\\start.cmd')).toBe('""C:\\Games\\My Pack\\start.cmd""')
    expect(lineOf('gradlew', 'run')).toBe('""C:\\Tools\\gradlew.BAT" run"')
    expect(lineOf('C:/Tools/gradlew.bat')).toBe('""C:\\Tools\\gradlew.bat""')
  })

  it.each([
    ['plain-1.2_x', 'plain-1.2_x'],
    ['', '""'],
    ['two words', '"two words"'],
    ['C:\\Path\\', '"C:\\Path\\\\"'],
    ['say "hi"', '"say ""hi"""'],
    ['back\\"slash', '"back\\\\""slash"'],
    ['a&calc.exe', '"a&calc.exe"'],
    ['" & calc & "', '""" & calc & """'],
    ['%PATH%', '"%%cd:~,%PATH%%cd:~,%"'],
    ['a|b>c<d^e!f', '"a|b>c<d^e!f"'],
    ['Wörld', '"Wörld"'],
  ])('gives it %j as %j', (argument, quoted) => {
    expect(lineOf('gradlew', argument)).toBe(`""C:\\Tools\\gradlew.BAT" ${quoted}"`)
  })

  it('refuses what would end the line', () => {
    for (const argument of ['a\nb', 'a\rb', 'a\0b']) {
      expect(() => childProgram('gradlew', [argument], windows)).toThrow(/line break/)
    }
  })
})
