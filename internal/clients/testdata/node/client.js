const assert = require('assert')
const { Client, Pool } = require('pg')
const Cursor = require('pg-cursor')
const QueryStream = require('pg-query-stream')

const ALL = "SELECT customer_id, cvp_predict('buy30', customer_id) AS score FROM customers ORDER BY 1"

function check(name, got, want) {
  assert.deepStrictEqual(got, want, name)
  console.log('ok', name)
}

async function main() {
  const client = new Client()
  await client.connect()
  const rows = (await client.query('SELECT customer_id, buy30 AS score FROM expected ORDER BY 1')).rows
  const want = Object.fromEntries(rows.map((r) => [r.customer_id, r.score]))
  check('simple', (await client.query(ALL)).rows, rows)
  check('with a parameter', (await client.query("SELECT cvp_predict('buy30', $1::int) AS score", [7])).rows[0].score, want[7])
  check('in binary', (await client.query({ text: ALL, binary: true, values: [] })).rows, rows)
  for (let k = 1; k < 8; k++) {
    const r = await client.query({ name: 'one', text: "SELECT cvp_predict('buy30', $1::int) AS score", values: [k] })
    check(`prepared by name, ${k}`, r.rows[0].score, want[k])
  }
  const r = await client.query({ text: ALL, rowMode: 'array' })
  check('fields', r.fields.map((f) => [f.name, f.dataTypeID]), [['customer_id', 23], ['score', 701]])
  const cursor = client.query(new Cursor(ALL))
  const got = [...(await cursor.read(10)), ...(await cursor.read(3)), ...(await cursor.read(1000))]
  check('cursor', got, rows)
  await cursor.close()
  const part = client.query(new Cursor('SELECT customer_id, buy30 AS score FROM scored WHERE customer_id < $1 ORDER BY 1', [50]))
  check('cursor over a view, left early', await part.read(5), rows.slice(0, 5))
  await part.close()
  const streamed = []
  for await (const row of client.query(new QueryStream(ALL, [], { batchSize: 17 }))) streamed.push(row)
  check('stream', streamed, rows)
  await assert.rejects(client.query("SELECT cvp_predict('buy31', $1::int)", [1]), (e) => e.code === '42704' && e.hint === 'Did you mean "buy30"?')
  check('after an error', (await client.query("SELECT cvp_predict('buy30', 3) AS score")).rows[0].score, want[3])
  await client.query('BEGIN')
  await client.query("INSERT INTO customers VALUES (4000, 'Mine', 'UK', '2023-01-01')")
  check('in a transaction', (await client.query('SELECT count(*)::int AS n, count(buy30)::int AS scored FROM scored')).rows[0], { n: 302, scored: 300 })
  await client.query('ROLLBACK')
  await client.end()
  const pool = new Pool({ max: 3 })
  const all = await Promise.all([1, 2, 3, 4, 5, 6].map((k) => pool.query("SELECT cvp_predict('buy30', $1::int) AS score", [k])))
  check('pool', all.map((r) => r.rows[0].score), [1, 2, 3, 4, 5, 6].map((k) => want[k]))
  await pool.end()
}

main().catch((e) => {
  console.error(e)
  process.exit(1)
})
