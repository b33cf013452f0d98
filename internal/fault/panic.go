package fault

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
)

// This room turns panics of the application's masker, ledgers, stores and processors into errors: what they are called for
// is undone, and the caller is told who it was.

// Panicked is the error of a call into the application that panicked. Its text leaves out what the panic said, which may
// quote personal values; errors.Is and errors.As find it where it was an error.
type Panicked struct {
	Who   string // kind and name
	At    string // the place of the panic
	Value any
}

// Error names who panicked, and where.
func (e *Panicked) Error() string { return fmt.Sprintf("softdelete: %s panicked at %s", e.Who, e.At) }

// Unwrap gives what the panic was about, if that is an error.
func (e *Panicked) Unwrap() error {
	cause, _ := e.Value.(error)
	return cause
}

// Foreign calls code of the application, of a kind and the type of a value. A panic of it is an error.
func Foreign(kind string, of any, call func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			if wrapped, ok := of.(interface{ Unwrap() any }); ok {
				of = wrapped.Unwrap()
			}
			err = &Panicked{Who: fmt.Sprintf("%s %T", kind, of), At: panicPlace(), Value: value}
		}
	}()
	return call()
}

// panicPlace is the line that the panic which is recovered came from.
func panicPlace() string {
	stack := make([]uintptr, 50)
	frames := runtime.CallersFrames(stack[:runtime.Callers(1, stack)])
	for panicking := false; ; {
		frame, more := frames.Next()
		switch {
		case frame.Function == "runtime.gopanic":
			panicking = true
		case panicking && !strings.HasPrefix(frame.Function, "runtime."):
			return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
		}
		if !more {
			return "a place that is not known"
		}
	}
}
