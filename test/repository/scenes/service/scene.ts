export { userService } from './user-service/contract.ts'
export const handlers = { getUser: () => ({ id: 1, name: 'Ann', age: 41 }), deleteUser: () => undefined }
