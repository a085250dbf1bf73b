import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileGlobs } from './glob.ts'
import { minecraftScope } from './minecraft.ts'
import { compileScope, isControl } from './scope.ts'

const minecraft = compileScope(minecraftScope)

describe('the built-in scope', () => {
  it.each([
    'saves/My World/level.dat',
    'saves/World/region/r.0.-1.mca',
    'saves/World/data/DistantHorizons.sqlite',
    'options.txt',
    'optionsof.txt',
    'servers.dat',
    'config/sodium-options.json',
    'screenshots/2026-01-01_12.00.00.png',
    'journeymap/data/sp/World/waypoints/x.json',
    'xaero/world-map/a.zip',
    'XaeroWaypoints/World/dim%0/mw$default_1.txt',
    'schematics/house.litematic',
    'replay_recordings/one.mcpr',
    'resourcepacks/mine.zip',
    'shaderpacks/nice.zip',
    'mods/VoxelMods/voxelMap/World.points',
    'hotbar.nbt',
    'minecraft/saves/World/level.dat',
    '.minecraft/options.txt',
  ])('takes %s', (path) => {
    expect(minecraft.includes(path, false)).toBe(true)
  })

  it.each([
    'mods/sodium.jar',
    'mods/old.jar.disabled',
    'mods/.index/sodium.pw.toml',
    'mods/1.20/lib.jar',
    'minecraft/mods/sodium.jar',
    'logs/latest.log',
    'crash-reports/crash.txt',
    'libraries/org/x.jar',
    'natives/lwjgl.so',
    'saves/World/session.lock',
    'instance.cfg',
    'mmc-pack.json',
    'hs_err_pid123.log',
    '.cloud-sync/token',
    '.Cloud-Sync/token',
    'kubejs/server_scripts/a.js',
    '.minecraft/logs/latest.log',
  ])('leaves %s alone', (path) => {
    expect(minecraft.includes(path, false)).toBe(false)
  })

  it('takes a world whole', () => {
    expect(minecraft.unitOf('saves/World/region/r.0.0.mca')).toBe('saves/World')
    expect(minecraft.unitOf('minecraft/saves/World/level.dat')).toBe('minecraft/saves/World')
    expect(minecraft.unitOf('config/a.toml')).toBeUndefined()
  })

  it('does not list what it leaves alone', () => {
    expect(minecraft.reaches('libraries')).toBe(false)
    expect(minecraft.reaches('mods')).toBe(true)
    expect(minecraft.reaches('.cloud-sync')).toBe(false)
  })
})

describe('isControl', () => {
  it.each(['.cloud-sync', '.CLOUD-SYNC/x', '.cloud-sync.', '.cloud-sync::$DATA', 'CLOUD-~1/token'])(
    'knows %s',
    (path) => expect(isControl(path)).toBe(true),
  )
  it.each(['cloud-sync', 'saves/.cloud-sync/x', '.cloud-sync2'])(
    'does not take %s for it',
    (path) => expect(isControl(path)).toBe(false),
  )
})

describe('compileGlobs', () => {
  it.each([
    ['*.log', 'a/b.log', true],
    ['*.log', 'b.log/c', true],
    ['/*.log', 'a/b.log', false],
    ['a/*.log', 'a/b.log', true],
    ['a/*.log', 'x/a/b.log', false],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['**/z', 'z', true],
    ['saves/**', 'saves', false],
    ['saves/**', 'saves/x', true],
    ['x{1,2}.txt', 'x2.txt', true],
    ['x[!1].txt', 'x1.txt', false],
    ['x[!1].txt', 'x2.txt', true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['a?c', 'a/c', false],
    ['a.c', 'abc', false],
  ])('%s on %s: %s', (pattern, path, expected) => {
    expect(compileGlobs([pattern]).matches(path, false)).toBe(expected)
  })

  it('wants a folder where the pattern ends with a slash', () => {
    expect(compileGlobs(['logs/']).matches('logs', false)).toBe(false)
    expect(compileGlobs(['logs/']).matches('logs', true)).toBe(true)
    expect(compileGlobs(['logs/']).matches('a/logs/b', false)).toBe(true)
  })

  it('never says that a folder holds no match when it does', () => {
    const name = fc.constantFrom('a', 'b', 'ab')
    const part = fc.constantFrom('a', 'b', '*', '**', 'a*', '?', '{a,b}', '{a/b,b}')
    const pattern = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
    const folder = fc.array(name, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(pattern, folder, name, (text, above, last) => {
        const glob = compileGlobs([text])
        const below = [...above, last].join('/')
        if (!glob.matches(below, false)) return
        const start = above.join('/')
        expect(glob.matches(start, true) || glob.mayMatchBelow(start)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('takes a name with everything special escaped as itself', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const name = text.replaceAll('/', '_')
        fc.pre(name !== '')
        const pattern = `/${name.replace(/[\\*?[\]{},]/g, '\\$&')}`
        expect(compileGlobs([pattern]).matches(name, false)).toBe(true)
      }),
    )
  })
})
