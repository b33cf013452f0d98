package softdelete

import "fmt"

// ColdStore keeps purged rows outside of the database.
type ColdStore interface{}

func (e *engine) checkCold(p *policy, field string) error {
	return fmt.Errorf("%w: %w", problem(p.schema, field, "then:cold is not built yet"), ErrUnsupported)
}

func (f *family) store(chosen []*relative) error { return nil }
