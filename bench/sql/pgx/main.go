// The same as client.mjs, in Go with pgx.
package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v4/pgxpool"
)

const callers = 64

type user struct {
	id, age, cityID, roleID int
	name                    string
	createTime              time.Time
}

func main() {
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	check(err)
	config.MaxConns = 16
	pool, err := pgxpool.ConnectConfig(context.Background(), config)
	check(err)
	defer pool.Close()
	statements, err := strconv.Atoi(os.Getenv("STATEMENTS"))
	check(err)
	measure(pool, statements/3)
	cpuUs, perSecond := measure(pool, statements)
	fmt.Printf(`{"cpuUs":%f,"perSecond":%f}`, cpuUs, perSecond)
}

func one(pool *pgxpool.Pool, id int64) (u user) {
	row := pool.QueryRow(context.Background(),
		"SELECT id, name, age, city_id, role_id, create_time FROM bench_users WHERE id = $1", id)
	check(row.Scan(&u.id, &u.name, &u.age, &u.cityID, &u.roleID, &u.createTime))
	return u
}

func measure(pool *pgxpool.Pool, count int) (cpuUs, perSecond float64) {
	left := int64(count)
	before, started := cpu(), time.Now()
	var all sync.WaitGroup
	for i := 0; i < callers; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for n := atomic.AddInt64(&left, -1); n >= 0; n = atomic.AddInt64(&left, -1) {
				one(pool, 1+n%1000)
			}
		}()
	}
	all.Wait()
	return float64(cpu()-before) / 1000 / float64(count), float64(count) / time.Since(started).Seconds()
}

func cpu() int64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
