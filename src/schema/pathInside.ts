/**
 * Returns the path of a schema inside another: `body.items[].name`. A part that is not a field, such as a member of a union,
 * has the path of its parent.
 */
export function pathInside(path: string, keyword: string, name: string): string {
  if (keyword === 'properties') return `${path}.${name}`
  return keyword === 'items' || keyword === 'prefixItems' ? `${path}[]` : path
}
