package rowkey_test

import (
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// This room has the kinds of key that are tried.

// The kinds of key that are tried, each in a model of its own.
type (
	keyedInt    struct{ ID int }
	keyedInt8   struct{ ID int8 }
	keyedInt16  struct{ ID int16 }
	keyedInt32  struct{ ID int32 }
	keyedInt64  struct{ ID int64 }
	keyedUint   struct{ ID uint }
	keyedUint8  struct{ ID uint8 }
	keyedUint16 struct{ ID uint16 }
	keyedUint32 struct{ ID uint32 }
	keyedUint64 struct{ ID uint64 }
	keyedString struct{ ID string }
	keyedSized  struct {
		ID string `gorm:"size:40"`
	}
	keyedVarchar struct {
		ID string `gorm:"type:varchar(40)"`
	}
	keyedChar struct {
		ID string `gorm:"type:char(8);primaryKey"`
	}
	keyedBytes struct {
		ID []byte `gorm:"primaryKey;size:40"`
	}
	keyedArray struct {
		ID rowUUID `gorm:"type:uuid;primaryKey"`
	}
	keyedUUIDText struct {
		ID string `gorm:"type:uuid;primaryKey"`
	}
	keyedBareUUID struct {
		ID rowUUID `gorm:"primaryKey"`
	}
	keyedTime struct {
		ID time.Time `gorm:"primaryKey"`
	}
	keyedMillis struct {
		ID time.Time `gorm:"precision:3;primaryKey"`
	}
	keyedClock struct {
		ID time.Time `gorm:"type:timestamp;primaryKey"`
	}
	keyedSeconds struct {
		ID time.Time `gorm:"type:timestamp(0);primaryKey"`
	}
	keyedDate struct {
		ID time.Time `gorm:"type:date;primaryKey"`
	}
	keyedBool struct {
		ID bool `gorm:"primaryKey"`
	}
	keyedFloat struct {
		ID float64 `gorm:"primaryKey"`
	}
	keyedFloat32 struct {
		ID float32 `gorm:"primaryKey"`
	}
	keyedDouble struct {
		ID float64 `gorm:"type:double precision;primaryKey"`
	}
	keyedReal struct {
		ID float32 `gorm:"type:real;primaryKey"`
	}
	keyedScaled struct {
		ID float64 `gorm:"precision:12;scale:2;primaryKey"`
	}
	keyedDecimal struct {
		ID rowDecimal `gorm:"type:numeric(12,3);primaryKey"`
	}
	keyedNumeric struct {
		ID rowDecimal `gorm:"type:numeric;primaryKey"`
	}
	keyedStatus struct {
		ID rowStatus `gorm:"primaryKey"`
	}
	keyedCode struct {
		ID rowCode `gorm:"primaryKey"`
	}
	keyedPointer struct {
		ID *int64 `gorm:"primaryKey"`
	}
	keyedTextPointer struct {
		ID *string `gorm:"primaryKey"`
	}
	keyedPair struct {
		Hall string `gorm:"primaryKey"`
		Row  string `gorm:"primaryKey"`
	}
	keyedMixed struct {
		Hall   string    `gorm:"primaryKey;size:40"`
		Number int32     `gorm:"primaryKey;autoIncrement:false"`
		Sum    []byte    `gorm:"primaryKey;size:40"`
		At     time.Time `gorm:"primaryKey"`
		Of     rowUUID   `gorm:"type:uuid;primaryKey"`
		Last   rowCode   `gorm:"primaryKey;size:40"`
	}
	keyedBlobs struct {
		One   []byte `gorm:"primaryKey;size:40"`
		Other []byte `gorm:"primaryKey;size:40"`
	}
)

// rowUUID is a UUID as packages for it have it.
type rowUUID [16]byte

func (u rowUUID) Value() (driver.Value, error) { return u.String(), nil }

func (u rowUUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func (u *rowUUID) Scan(value any) error {
	text, ok := value.(string)
	if data, isBytes := value.([]byte); isBytes {
		text, ok = string(data), true
	}
	content, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if !ok || err != nil || len(content) != len(u) {
		return errors.New("no UUID")
	}
	copy(u[:], content)
	return nil
}

// rowDecimal is a decimal number as packages for it have it: texts in the database, zeros at the end kept.
type rowDecimal struct {
	digits int64
	scale  int
}

func (d rowDecimal) Value() (driver.Value, error) {
	return new(big.Rat).SetFrac(big.NewInt(d.digits), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.scale)), nil)).FloatString(d.scale), nil
}

func (d *rowDecimal) Scan(value any) error {
	text := fmt.Sprint(value)
	if data, ok := value.([]byte); ok {
		text = string(data)
	}
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return errors.New("no decimal")
	}
	d.scale, _ = n.FloatPrec()
	scaled := new(big.Rat).Mul(n, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.scale)), nil)))
	d.digits = scaled.Num().Int64()
	return nil
}

// rowStatus is a number that says a word of itself.
type rowStatus int

func (rowStatus) String() string { return "a status" }

// rowCode is a text that says another of itself.
type rowCode string

func (rowCode) String() string { return "a code" }

// texts are what separates, escapes and quotes, and what folding would lose; with a NUL where the database takes one.
func texts(longest int, nul bool) *rapid.Generator[string] {
	letters := []rune(`ab, \'"_-|%A[]{}:;ÄäéßİıSſ日😀`)
	if nul {
		letters = append(letters, 0)
	}
	return rapid.OneOf(
		rapid.StringOfN(rapid.SampledFrom(letters), 0, longest, 4*longest),
		rapid.StringN(0, longest, 4*longest).Filter(func(text string) bool { return !strings.Contains(text, "\x00") }),
		rapid.SampledFrom([]string{"", "a", "A", "a ", " a", "007", "7", "1e3", "NULL", `\`, `\\`, `\,`, ",", ",,", `\x61`, "a|b", "é", "e\u0301"}),
	)
}

// instants are times at every precision, in many zones.
func instants() *rapid.Generator[time.Time] { return instantsWithin(-60_000_000_000, 200_000_000_000) }

// instantsWithin does so between two counts of seconds since 1970.
func instantsWithin(from, until int64) *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		seconds := rapid.Int64Range(from, until).Draw(t, "seconds")
		fraction := rapid.Int64Range(0, 999_999_999).Draw(t, "fraction")
		fraction -= fraction % rapid.SampledFrom([]int64{1, 1000, 1_000_000, 100_000_000, 1_000_000_000}).Draw(t, "cut")
		minutes := rapid.SampledFrom([]int{0, 0, 60, 120, -480, 345, -210, 840}).Draw(t, "zone")
		return time.Unix(seconds, fraction).In(time.FixedZone("", minutes*60))
	})
}

func fractions() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64().Filter(func(x float64) bool {
			return !math.IsInf(x, 0) && !math.IsNaN(x) && math.Abs(x) < 1e40 && (x == 0 || math.Abs(x) > 1e-24)
		}),
		rapid.Custom(func(t *rapid.T) float64 {
			return float64(rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "hundredths")) / 100
		}),
		rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 0.1, 0.1 + 0.2, 1, 2.5, 1e15, 1e14, 999999999999999, 123456789012345678, 1e21, 1e-4, 9.9e-5, 1 << 53, 1.0 / 3}),
	)
}

func singles() *rapid.Generator[float32] {
	return rapid.Map(fractions().Filter(func(x float64) bool { return math.Abs(x) < 1e38 }), func(x float64) float32 { return float32(x) })
}

func uuids() *rapid.Generator[rowUUID] {
	return rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) rowUUID { return rowUUID(b) })
}

// randomUUIDs are of the version that has random bits: MariaDB takes no others than are of a version that it knows.
func randomUUIDs() *rapid.Generator[rowUUID] {
	return rapid.Map(uuids(), func(id rowUUID) rowUUID {
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
		return id
	})
}

// kindsOfMySQL are those that take less there: a timestamp has 32 bits and no 0, and a key that is 0 is counted on from the greatest.
func kindsOfMySQL() map[string]*rapid.Generator[any] {
	all := kinds(false)
	bits := instantsWithin(86_400, 2_000_000_000)
	all["timestamp"] = models(bits, func(v time.Time) keyedClock { return keyedClock{v} })
	all["timestamp(0)"] = models(bits, func(v time.Time) keyedSeconds { return keyedSeconds{v} })
	all["uuid"] = models(randomUUIDs(), func(v rowUUID) keyedArray { return keyedArray{v} })
	all["uuid as text"] = models(randomUUIDs(), func(v rowUUID) keyedUUIDText { return keyedUUIDText{strings.ToUpper(v.String())} })
	delete(all, "float32") // is given, and compared, with six digits
	all["*int64"] = models(notZero(rapid.Int64()), func(v int64) keyedPointer { return keyedPointer{&v} })
	return all
}

// never is for keys of 0, which GORM takes for none that is given.
func notZero[T comparable](g *rapid.Generator[T]) *rapid.Generator[T] {
	var zero T
	return g.Filter(func(value T) bool { return value != zero })
}

func models[T, M any](g *rapid.Generator[T], model func(T) M) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		m := model(g.Draw(t, "key"))
		return &m
	})
}

// kinds lists what the property is tried with.
func kinds(nul bool) map[string]*rapid.Generator[any] {
	bytes := rapid.SliceOfN(rapid.Byte(), 0, 12)
	decimals := rapid.Custom(func(t *rapid.T) rowDecimal {
		return rowDecimal{rapid.Int64Range(-99_999_999, 99_999_999).Draw(t, "digits"), rapid.IntRange(0, 5).Draw(t, "scale")}
	})
	return map[string]*rapid.Generator[any]{
		"int":           models(notZero(rapid.Int()), func(v int) keyedInt { return keyedInt{v} }),
		"int8":          models(notZero(rapid.Int8()), func(v int8) keyedInt8 { return keyedInt8{v} }),
		"int16":         models(notZero(rapid.Int16()), func(v int16) keyedInt16 { return keyedInt16{v} }),
		"int32":         models(notZero(rapid.Int32()), func(v int32) keyedInt32 { return keyedInt32{v} }),
		"int64":         models(notZero(rapid.Int64()), func(v int64) keyedInt64 { return keyedInt64{v} }),
		"uint":          models(rapid.UintRange(1, math.MaxInt64), func(v uint) keyedUint { return keyedUint{v} }),
		"uint8":         models(notZero(rapid.Uint8()), func(v uint8) keyedUint8 { return keyedUint8{v} }),
		"uint16":        models(rapid.Uint16Range(1, math.MaxInt16), func(v uint16) keyedUint16 { return keyedUint16{v} }),
		"uint32":        models(rapid.Uint32Range(1, math.MaxInt32), func(v uint32) keyedUint32 { return keyedUint32{v} }),
		"uint64":        models(rapid.Uint64Range(1, math.MaxInt64), func(v uint64) keyedUint64 { return keyedUint64{v} }),
		"string":        models(texts(20, nul), func(v string) keyedString { return keyedString{v} }),
		"sized string":  models(texts(20, nul), func(v string) keyedSized { return keyedSized{v} }),
		"varchar":       models(texts(20, nul), func(v string) keyedVarchar { return keyedVarchar{v} }),
		"char":          models(texts(8, nul), func(v string) keyedChar { return keyedChar{v} }),
		"bytes":         models(bytes, func(v []byte) keyedBytes { return keyedBytes{v} }),
		"uuid":          models(uuids(), func(v rowUUID) keyedArray { return keyedArray{v} }),
		"uuid as text":  models(uuids(), func(v rowUUID) keyedUUIDText { return keyedUUIDText{strings.ToUpper(v.String())} }),
		"uuid in text":  models(uuids(), func(v rowUUID) keyedBareUUID { return keyedBareUUID{v} }),
		"time":          models(instants(), func(v time.Time) keyedTime { return keyedTime{v} }),
		"milliseconds":  models(instants(), func(v time.Time) keyedMillis { return keyedMillis{v} }),
		"timestamp":     models(instants(), func(v time.Time) keyedClock { return keyedClock{v} }),
		"timestamp(0)":  models(instants(), func(v time.Time) keyedSeconds { return keyedSeconds{v} }),
		"date":          models(instants(), func(v time.Time) keyedDate { return keyedDate{v} }),
		"bool":          models(rapid.Bool(), func(v bool) keyedBool { return keyedBool{v} }),
		"float64":       models(fractions(), func(v float64) keyedFloat { return keyedFloat{v} }),
		"float32":       models(singles(), func(v float32) keyedFloat32 { return keyedFloat32{v} }),
		"double":        models(fractions(), func(v float64) keyedDouble { return keyedDouble{v} }),
		"real":          models(singles(), func(v float32) keyedReal { return keyedReal{v} }),
		"scaled":        models(rapid.Map(fractions(), func(x float64) float64 { return math.Remainder(x, 1e9) }), func(v float64) keyedScaled { return keyedScaled{v} }),
		"numeric(12,3)": models(decimals, func(v rowDecimal) keyedDecimal { return keyedDecimal{v} }),
		"numeric":       models(decimals, func(v rowDecimal) keyedNumeric { return keyedNumeric{v} }),
		"named int":     models(notZero(rapid.Map(rapid.Int(), func(n int) rowStatus { return rowStatus(n) })), func(v rowStatus) keyedStatus { return keyedStatus{v} }),
		"named string":  models(texts(20, nul), func(v string) keyedCode { return keyedCode{rowCode(v)} }),
		"*int64":        models(rapid.Int64(), func(v int64) keyedPointer { return keyedPointer{&v} }),
		"*string":       models(texts(20, nul), func(v string) keyedTextPointer { return keyedTextPointer{&v} }),
		"two strings": rapid.Custom(func(t *rapid.T) any {
			return &keyedPair{texts(4, nul).Draw(t, "hall"), texts(4, nul).Draw(t, "row")}
		}),
		"two of bytes": rapid.Custom(func(t *rapid.T) any {
			return &keyedBlobs{bytes.Draw(t, "one"), bytes.Draw(t, "other")}
		}),
		"six of many": rapid.Custom(func(t *rapid.T) any {
			return &keyedMixed{
				texts(4, nul).Draw(t, "hall"), rapid.Int32().Draw(t, "number"), bytes.Draw(t, "sum"), instants().Draw(t, "at"), randomUUIDs().Draw(t, "of"),
				rowCode(texts(4, nul).Draw(t, "last")),
			}
		}),
	}
}
