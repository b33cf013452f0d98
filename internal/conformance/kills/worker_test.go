package kills_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// killOrder is what a worker is told: one operation, and at which of its statements it stops and waits for its end.
type killOrder struct {
	Database, DSN, Dir string
	Do                 string
	ID                 uint
	Text               string // an ID of the plugin's
	Now                time.Time
	StopAt             int // 0: it does not stop
}

// killAnswer is what a worker tells: Stopped, and the statement that it has not sent yet, or what came of the operation.
type killAnswer struct {
	Stopped    bool
	SQL        string
	Statements int
	Outcome    string // "done", or the plugin's error that it is
	Error      string // any other
}

// workersOrder names the environment variable with a worker's order. This process is a worker where it is set.
const workersOrder = "SOFTDELETE_KILLS_ORDER"

func TestMain(m *testing.M) {
	text := os.Getenv(workersOrder)
	if text == "" {
		testdb.Main(m)
		return
	}
	var order killOrder
	answer := killAnswer{}
	err := json.Unmarshal([]byte(text), &order)
	if err == nil {
		answer, err = order.work()
	}
	if err != nil {
		answer.Error = err.Error()
	}
	tell(answer)
}

// tell is how a worker speaks to the test that has started it.
func tell(answer killAnswer) {
	if err := json.NewEncoder(os.Stdout).Encode(answer); err != nil {
		panic(err)
	}
}

func (o killOrder) work() (answer killAnswer, err error) {
	db, pool, err := testdb.OpenWorker(o.Database, o.DSN, &gorm.Config{NowFunc: func() time.Time { return o.Now }})
	if err != nil {
		return answer, err
	}
	defer pool.Close()
	config, err := killConfig(o.Dir)
	if err != nil {
		return answer, err
	}
	if err := db.Use(softdelete.New(config)); err != nil {
		return answer, err
	}
	faults := testdb.Inject(db)
	faults.OnStatement(func(n int, sql string) error {
		if n == o.StopAt {
			tell(killAnswer{Stopped: true, SQL: sql})
			_, _ = os.Stdin.Read(make([]byte, 1)) // until it is killed, or told to go on
		}
		return nil
	})
	err = o.do(db)
	answer.Statements = faults.Count()
	if err == nil {
		answer.Outcome = "done"
	}
	for name, refusal := range killRefusals {
		if errors.Is(err, refusal) {
			answer.Outcome, err = name, nil
		}
	}
	return answer, err
}

// killRefusals are the errors that a schedule may meet.
var killRefusals = map[string]error{
	"ErrHeld": softdelete.ErrHeld, "ErrErased": softdelete.ErrErased, "ErrParentDeleted": softdelete.ErrParentDeleted,
	"ErrRecordNotFound": gorm.ErrRecordNotFound,
}

func (o killOrder) do(db *gorm.DB) (err error) {
	switch o.Do {
	case "delete a person":
		err = db.Delete(&killPerson{ID: o.ID}).Error
	case "restore a person":
		_, err = softdelete.Restore(db, &killPerson{ID: o.ID})
	case "restore a deletion":
		_, err = softdelete.RestoreDeletion(db, softdelete.DeletionID(o.Text))
	case "update a person":
		err = db.Model(&killPerson{ID: o.ID}).Update("points", o.Now.Unix()%1000).Error
	case "delete a bill":
		err = db.Delete(&killBill{ID: o.ID}).Error
	case "restore a bill":
		_, err = softdelete.Restore(db, &killBill{ID: o.ID})
	case "hold a person":
		_, err = softdelete.Hold(db, &killPerson{ID: o.ID}, softdelete.HoldOptions{Matter: "matter"})
	case "release a hold":
		err = softdelete.Release(db, softdelete.HoldID(o.Text))
	case "erase a person":
		_, err = softdelete.Erase(db, &killPerson{ID: o.ID}, softdelete.ErasureRequest{ID: fmt.Sprint("request-", o.ID)})
	case "purge":
		_, err = softdelete.Purge(db, softdelete.PurgeOptions{Batch: 2})
	default:
		err = fmt.Errorf("no operation %q", o.Do)
	}
	return err
}

// killWorker is a worker seen by the test.
type killWorker struct {
	command *exec.Cmd
	in      interface{ Close() error }
	out     *bufio.Reader
}

// start starts a worker: this program again, with an order.
func (o killOrder) start() (*killWorker, error) {
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), workersOrder+"="+string(text))
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &killWorker{command, in, bufio.NewReader(out)}, command.Start()
}

// hear waits for what the worker tells next.
func (w *killWorker) hear() (answer killAnswer, err error) {
	line, err := w.out.ReadBytes('\n')
	if err != nil {
		return answer, fmt.Errorf("the worker is gone: %w", err)
	}
	return answer, json.Unmarshal(line, &answer)
}

// kill ends the worker by SIGKILL.
func (w *killWorker) kill() error {
	err := w.command.Process.Kill()
	_ = w.command.Wait() // which tells that it was killed
	return errors.Join(err, w.close())
}

// goOn lets the worker send the statement at which it has stopped, and hears what comes of the operation.
func (w *killWorker) goOn() (killAnswer, error) {
	err := w.close()
	answer, failed := w.hear()
	return answer, errors.Join(err, failed, w.command.Wait())
}

func (w *killWorker) close() error {
	if err := w.in.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
