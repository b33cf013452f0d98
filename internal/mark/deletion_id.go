// Package mark is what a deletion is called: its ID, by which its rows are found again, and who deleted and why, as the context
// says.
package mark

import (
	"crypto/rand"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"
)

// DeletionID says which deletion took a row. Give a model a field of this type, and the plugin fills it when it deletes a
// row and clears it when it restores the row. The zero value means that no deletion did; it is NULL in the database.
//
// An ID is text of 45 characters: the instant of the deletion in nanoseconds since 1970 (19 digits), a hash of the root's
// table (8 hexadecimal digits) and a random part (16), joined by "-". IDs sort by time.
type DeletionID string

const (
	InstantDigits = 19
	tableDigits   = 8
	DeletionIDLen = InstantDigits + 1 + tableDigits + 1 + 16
	// HandedOverSuffix follows the instant in an ID that stands for "the deletion at this instant", for rows that take over
	// the mark of a parent without a DeletionID.
	HandedOverSuffix = "-00000000-0000000000000000"
)

func NewDeletionID(at time.Time, table string) DeletionID {
	var random [8]byte
	rand.Read(random[:]) //nolint:errcheck // never fails, see crypto/rand.Read
	return DeletionID(fmt.Sprintf("%019d-%s-%s", at.UnixNano(), tableHash(table), hex.EncodeToString(random[:])))
}

// tableHash is the part of an ID that tells the root's table.
func tableHash(table string) string {
	hash := fnv.New32a()
	hash.Write([]byte(table))
	return fmt.Sprintf("%08x", hash.Sum32())
}

// At is the instant of the deletion. ok is false for a text that is no ID of this package.
func (id DeletionID) At() (at time.Time, ok bool) {
	if len(id) != DeletionIDLen || id[InstantDigits] != '-' || id[InstantDigits+1+tableDigits] != '-' {
		return time.Time{}, false
	}
	nanoseconds, err := strconv.ParseInt(string(id[:InstantDigits]), 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	return time.Unix(0, nanoseconds).UTC(), true
}

// RootedIn tells whether the deletion's root was a row of the table.
func (id DeletionID) RootedIn(table string) bool {
	return string(id[InstantDigits+1:InstantDigits+1+tableDigits]) == tableHash(table)
}

// Value implements driver.Valuer: the zero ID is NULL.
func (id DeletionID) Value() (driver.Value, error) {
	if id == "" {
		return nil, nil
	}
	return string(id), nil
}

// Scan implements sql.Scanner: NULL is the zero ID.
func (id *DeletionID) Scan(value any) error {
	switch value := value.(type) {
	case nil:
		*id = ""
	case string:
		*id = DeletionID(value)
	case []byte:
		*id = DeletionID(value)
	default:
		return fmt.Errorf("softdelete: a DeletionID is text, not %T", value)
	}
	return nil
}

// GormDataType makes GORM create a text column of the ID's length.
func (DeletionID) GormDataType() string { return "string" }
