/** The path of a tree's root. Paths inside a snapshot begin with '/' and have names in between. */
export const rootPath = '/'

export function childPath(directory: string, name: string): string {
  return directory === rootPath ? rootPath + name : `${directory}/${name}`
}
