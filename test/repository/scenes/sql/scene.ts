export const body = { name: 'Ann', age: 42 }
export const other = { name: 'Bob', age: 7 }
export const changes = { age: 43 }
export const ids = [1, 2]
export const column = 'name'
export const city = 2
export const { signal } = new AbortController()
