import { expect, test, vi } from 'vitest'
import { database } from 'tricube/sql'
import { freshDatabase, isPooled } from '../freshDatabase.ts'

// A migration that breaks no statement: the parameter stays json, and PostgreSQL casts it to the text column. Behind a
// pooler each run is parsed anew anyway.
test.skipIf(isPooled)(
  'a statement is prepared anew after 5 s, so that it has the types of after a migration',
  async () => {
    await using fresh = await freshDatabase('CREATE TABLE notes (v json)')
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      await using db = database({ url: fresh.url, lanes: 1, pool: 1 })
      await using migrator = database({ url: fresh.url, lanes: 0, pool: 1 })
      const add = () => db.execute`INSERT INTO notes VALUES (${'5'})`
      await add()
      await migrator.script('TRUNCATE notes; ALTER TABLE notes ALTER v TYPE text')
      await add()
      expect(await db.value`SELECT v FROM notes`).toBe('"5"')
      vi.advanceTimersByTime(5100)
      await vi.waitFor(async () => {
        await migrator.script('TRUNCATE notes')
        await add()
        expect(await migrator.value`SELECT v FROM notes`).toBe('5')
      })
    } finally {
      vi.useRealTimers()
    }
  },
)
