package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	accounts = 200
	balance  = 1000 // of each at the start
)

// bankSchema is what transfers work on. The journal says which transfers are committed.
const bankSchema = `
CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);
INSERT INTO accounts SELECT id, 1000 FROM generate_series(1, 200) id;
CREATE TABLE journal (client int, seq int, PRIMARY KEY (client, seq))`

// ledger is what one client knows of its transfers.
type ledger struct {
	acknowledged, rolledBack []int
	next                     int
}

// transfer moves money between two accounts in one transaction. Some are rolled back.
func transfer(ctx context.Context, c *client) error {
	from, to := 1+c.rand.IntN(accounts), 1+c.rand.IntN(accounts)
	if from == to {
		to = from%accounts + 1
	}
	amount := c.rand.IntN(100)
	low, high, change := from, to, -amount // locks are taken in order of the accounts
	if low > high {
		low, high, change = to, from, amount
	}
	seq := c.ledger.next
	c.ledger.next++
	tx, err := c.conn.Begin(ctx)
	if err != nil {
		return err
	}
	const update = "UPDATE accounts SET balance = balance + $2 WHERE id = $1"
	if _, err := tx.Exec(ctx, update, low, change); err != nil {
		return err
	}
	if c.rand.IntN(4) == 0 {
		if err := savepoint(ctx, tx, high); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, update, high, -change); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "INSERT INTO journal VALUES ($1, $2)", c.id, seq); err != nil {
		return err
	}
	if c.rand.IntN(5) == 0 {
		c.ledger.rolledBack = append(c.ledger.rolledBack, seq)
		return tx.Rollback(ctx)
	}
	if err := tx.Commit(ctx); err != nil {
		return err // whether it is committed, nobody knows
	}
	c.ledger.acknowledged = append(c.ledger.acknowledged, seq)
	return nil
}

// savepoint fails inside the transaction and goes back.
func savepoint(ctx context.Context, tx pgx.Tx, account int) error {
	for _, sql := range []string{"SAVEPOINT s", "UPDATE accounts SET balance = 0 WHERE id = $1"} {
		var args []any
		if sql != "SAVEPOINT s" {
			args = []any{account}
		}
		if _, err := tx.Exec(ctx, sql, args...); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, "SELECT 1/0")
	if err := wantCode(err, "22012"); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "ROLLBACK TO SAVEPOINT s")
	return err
}

// audit adds up all accounts: no transfer changes the sum.
func audit(ctx context.Context, c *client) error {
	var sum int64
	if err := c.conn.QueryRow(ctx, "SELECT sum(balance)::bigint FROM accounts").Scan(&sum); err != nil {
		return err
	}
	return judgeSum(sum)
}

func judgeSum(sum int64) error {
	if sum != accounts*balance {
		return wrong("all accounts hold %d, want %d", sum, accounts*balance)
	}
	return nil
}

// verify compares the ledger with the journal on the client's connection.
func (l *ledger) verify(c *client) error {
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	return l.compare(ctx, c.conn, c.id)
}

// compare finds every transfer that was acknowledged, and none that was rolled back or never sent.
func (l *ledger) compare(ctx context.Context, conn *pgx.Conn, client int) error {
	rows, err := conn.Query(ctx, "SELECT seq FROM journal WHERE client = $1", client)
	if err != nil {
		return err
	}
	committed, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return err
	}
	found := map[int]bool{}
	for _, seq := range committed {
		if found[seq] = true; seq >= l.next {
			return wrong("transfer %d was never made and is in the journal", seq)
		}
	}
	for _, seq := range l.acknowledged {
		if !found[seq] {
			return wrong("transfer %d was acknowledged and is lost", seq)
		}
	}
	for _, seq := range l.rolledBack {
		if found[seq] {
			return wrong("transfer %d was rolled back and is in the journal", seq)
		}
	}
	return nil
}
