import { test, expect } from 'vitest'
test('env', () => { expect(process.env['TRICUBE_TEST_DATABASE_URL']).toMatch(/^postgres:/) })
