export const checkPassword = async ({ email, password }: { email: string; password: string }) =>
  password === 'correct horse' ? { id: email, scopes: ['orders:read'] } : undefined
