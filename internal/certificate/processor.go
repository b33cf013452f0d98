package certificate

import (
	"context"

	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room calls processors. A panic of one is an error that names it.

// ProcessorName asks a processor for its name.
func ProcessorName(p Processor) (name string, err error) {
	err = fault.Foreign("the processor", p, func() error {
		name = p.Name()
		return nil
	})
	return name, err
}

// processorOf finds the processor of a name, nil where none has it.
func processorOf(list []Processor, name string) (Processor, error) {
	for _, p := range list {
		if its, err := ProcessorName(p); err != nil || its == name {
			return p, err
		}
	}
	return nil, nil
}

// tell tells a processor of an erasure.
func tell(ctx context.Context, p Processor, s ErasedSubject) error {
	return fault.Foreign("the processor", p, func() error { return p.Erase(ctx, s) })
}
