// Go's net/http and pgx's pool, which prepares each statement once.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

type envelope struct {
	Code int         `json:"code"`
	Data interface{} `json:"data"`
}

type named struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

type newUser struct {
	Name   string `json:"name"`
	Age    int    `json:"age"`
	Email  string `json:"email"`
	CityID int64  `json:"city_id"`
}

type account struct {
	ID         int64     `json:"id"`
	Name       string    `json:"name"`
	Age        int       `json:"age"`
	Email      string    `json:"email"`
	CityID     int64     `json:"city_id"`
	CreateTime time.Time `json:"create_time"`
}

type profile struct {
	ID   int64 `json:"id"`
	City named `json:"city"`
	Role named `json:"role"`
}

const columns = "id, name, age, email, city_id, create_time"

var (
	pool       *pgxpool.Pool
	client     = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}}
	anEmail    = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)
	errInvalid = errors.New("invalid")
)

func main() {
	if url := os.Getenv("DATABASE_URL"); url != "" {
		config, err := pgxpool.ParseConfig(url)
		check(err)
		config.MaxConns = 10
		pool, err = pgxpool.ConnectConfig(context.Background(), config)
		check(err)
	}
	http.HandleFunc("/users/", get(func(_ *http.Request, id int64) (interface{}, error) {
		return named{id, "user " + strconv.FormatInt(id, 10)}, nil
	}))
	http.HandleFunc("/users", post(func(_ *http.Request, user newUser) (interface{}, error) { return user, nil }))
	http.HandleFunc("/accounts/", get(readAccount))
	http.HandleFunc("/accounts", list)
	http.HandleFunc("/entries", post(write))
	http.HandleFunc("/profiles/", get(compose))
	http.HandleFunc("/cities/", get(oneNamed("SELECT id, name FROM cities WHERE id = $1")))
	http.HandleFunc("/roles/", get(oneNamed("SELECT id, name FROM roles WHERE id = $1")))
	check(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}

func readAccount(r *http.Request, id int64) (interface{}, error) {
	return scanAccount(pool.QueryRow(r.Context(), "SELECT "+columns+" FROM accounts WHERE id = $1", id))
}

func list(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil {
		answer(w, nil, errInvalid)
		return
	}
	text := "SELECT " + columns + " FROM accounts WHERE id > $1 ORDER BY id LIMIT 20"
	rows, err := pool.Query(r.Context(), text, after)
	if err != nil {
		answer(w, nil, err)
		return
	}
	defer rows.Close()
	accounts := make([]account, 0, 20)
	for rows.Next() {
		one, err := scanAccount(rows)
		if err != nil {
			answer(w, nil, err)
			return
		}
		accounts = append(accounts, one)
	}
	answer(w, accounts, rows.Err())
}

func write(r *http.Request, user newUser) (interface{}, error) {
	created := struct {
		ID int64 `json:"id"`
	}{}
	err := pool.BeginFunc(r.Context(), func(tx pgx.Tx) error {
		text := "INSERT INTO entries (name, age, email, city_id) VALUES ($1, $2, $3, $4) RETURNING id"
		return tx.QueryRow(r.Context(), text, user.Name, user.Age, user.Email, user.CityID).Scan(&created.ID)
	})
	return created, err
}

func compose(r *http.Request, id int64) (interface{}, error) {
	whole := profile{ID: id}
	failed := make(chan error, 1)
	go func() {
		failed <- call(r.Context(), fmt.Sprintf("%s/cities/%d", os.Getenv("CITIES_URL"), 1+id%8), &whole.City)
	}()
	err := call(r.Context(), fmt.Sprintf("%s/roles/%d", os.Getenv("ROLES_URL"), 1+id%3), &whole.Role)
	if cityErr := <-failed; cityErr != nil {
		return nil, cityErr
	}
	return whole, err
}

// call decodes the data of another service's answer.
func call(ctx context.Context, url string, into *named) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(&envelope{Data: into})
}

var singular = map[string]string{"cities": "city", "roles": "role"}

func oneNamed(text string) func(*http.Request, int64) (interface{}, error) {
	return func(r *http.Request, id int64) (interface{}, error) {
		if pool == nil {
			return named{id, singular[strings.Fields(text)[4]] + " " + strconv.FormatInt(id, 10)}, nil
		}
		var row named
		err := pool.QueryRow(r.Context(), text, id).Scan(&row.ID, &row.Name)
		return row, err
	}
}

func scanAccount(row pgx.Row) (a account, err error) {
	err = row.Scan(&a.ID, &a.Name, &a.Age, &a.Email, &a.CityID, &a.CreateTime)
	a.CreateTime = a.CreateTime.UTC()
	return a, err
}

// get hands the integer at the end of the path to a function.
func get(run func(*http.Request, int64) (interface{}, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseInt(r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:], 10, 64)
		if err != nil {
			answer(w, nil, errInvalid)
			return
		}
		data, err := run(r, id)
		answer(w, data, err)
	}
}

// post hands the checked body to a function.
func post(run func(*http.Request, newUser) (interface{}, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var user newUser
		if json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&user) != nil || !isValid(user) {
			answer(w, nil, errInvalid)
			return
		}
		data, err := run(r, user)
		answer(w, data, err)
	}
}

func isValid(user newUser) bool {
	length := utf8.RuneCountInString(user.Name)
	return length >= 1 && length <= 64 && user.Age >= 0 && user.Age <= 150 &&
		len(user.Email) <= 254 && anEmail.MatchString(user.Email) && user.CityID >= 1
}

func answer(w http.ResponseWriter, data interface{}, err error) {
	switch {
	case err == nil:
		body, err := json.Marshal(envelope{0, data})
		check(err)
		w.Header().Set("content-type", "application/json; charset=utf-8")
		_, _ = w.Write(body)
	case errors.Is(err, errInvalid):
		http.Error(w, `{"code":40000,"message":"Bad Request"}`, http.StatusBadRequest)
	case errors.Is(err, pgx.ErrNoRows):
		http.Error(w, `{"code":40400,"message":"Not Found"}`, http.StatusNotFound)
	default:
		http.Error(w, `{"code":50000,"message":"Internal Server Error"}`, http.StatusInternalServerError)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
