package bench_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"
)

// clock tells how long something takes by the clock on the wall and by the processors: others who use the machine change the
// former far more. That of the processors is of this process, where SQLite runs, and of PostgreSQL's server process for the arena's
// connection.
type clock struct {
	wall time.Time
	cpu  time.Duration
}

func (a *arena) now(b *testing.B) clock {
	b.Helper()
	if a.backend == 0 && a.name == "postgres" {
		_ = a.pool.QueryRow("SELECT pg_backend_pid()").Scan(&a.backend)
	}
	at := clock{cpu: ownTime()}
	if a.backend != 0 {
		at.cpu += serverTime(a.backend)
	}
	at.wall = time.Now()
	return at
}

// since gives both times in milliseconds.
func (a *arena) since(b *testing.B, start clock) (wall, cpu float64) {
	b.Helper()
	wall = float64(time.Since(start.wall).Microseconds()) / 1000
	return wall, float64((a.now(b).cpu - start.cpu).Microseconds()) / 1000
}

// ownTime is how long processors have worked for this process.
func ownTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// serverTime is how long they have worked for another one with a single thread, which waits by now; 0 where the system does not tell.
func serverTime(process int) time.Duration {
	var nanoseconds int64
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", process))
	_, _ = fmt.Sscan(string(text), &nanoseconds)
	return time.Duration(nanoseconds)
}
