package softdelete

import (
	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"gorm.io/gorm"
)

// This room is for the third parties that erasures are told to.

// DispatchErasures delivers to Config.Processors what they have not acknowledged and what is due. Each delivery is made at
// least once; after an attempt that fails it waits, twice as long each time, and after 20 attempts it counts as failed.
// Several dispatchers may run side by side. It returns what went wrong, joined, after trying all that is due: for each delivery
// that failed the processor's name, the request, the attempt and when the next one is due. The processor's own error may quote
// personal values; errors.Is and errors.As find it, the text leaves it out.
func DispatchErasures(db *gorm.DB) error { return outward(certificate.DispatchErasures(db)) }
