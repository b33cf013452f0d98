package pii

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// This room says in which forms an old value is looked for in other columns.

// fewestNumberDigits is how many digits a number needs to be looked for: shorter ones are amounts and years, more likely than what
// belongs to one person.
const fewestNumberDigits = 6

// Forms are the texts that a value of a column may stand as elsewhere; none for a value that says too little to be looked for.
func Forms(kind ColumnKind, text string) []string {
	switch kind {
	case BoolColumn:
		return nil
	case IntegerColumn, FloatColumn:
		return numberForms(text)
	case UuidColumn:
		return uuidForms(text)
	case TimeColumn:
		return timeForms(text)
	case AddressColumn:
		return addressForms(text)
	case OtherColumn:
		return append(elements(text), text)
	}
	return []string{text}
}

// numberForms are a number as the database writes it, and without an exponent and zeros that say nothing. Its sign is left out.
func numberForms(text string) []string {
	text = strings.TrimLeft(strings.TrimSpace(text), "+-")
	plain := text
	if strings.ContainsAny(text, "eE") {
		if value, err := strconv.ParseFloat(text, 64); err == nil {
			plain = strconv.FormatFloat(value, 'f', -1, 64)
		}
	}
	short := plain
	if strings.Contains(plain, ".") {
		short = strings.TrimRight(strings.TrimRight(plain, "0"), ".")
	}
	digits := 0
	for _, r := range strings.TrimLeft(short, "0.") {
		if unicode.IsDigit(r) {
			digits++
		}
	}
	if digits < fewestNumberDigits {
		return nil
	}
	forms := []string{text, plain, short}
	if _, fraction, _ := strings.Cut(short, "."); len(fraction) == 1 {
		forms = append(forms, short+"0") // as amounts of money are written
	}
	return forms
}

// uuidForms are a UUID with dashes and without.
func uuidForms(text string) []string {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("-{} ", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, strings.TrimPrefix(strings.ToLower(text), "urn:uuid:"))
	const length = 32
	if len(digits) != length || strings.Trim(digits, hexDigits) != "" {
		return []string{text}
	}
	return []string{digits, digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]}
}

// timeForms are an instant to the second, in UTC and in its own zone, and a day where it is nothing more. A fraction and an offset
// may follow. The zero time says nothing.
func timeForms(text string) (forms []string) {
	at, ok := ParseTime(text)
	if !ok {
		return []string{text}
	}
	if at.IsZero() {
		return nil
	}
	for _, at := range []time.Time{at, at.UTC()} {
		if at.Hour() == 0 && at.Minute() == 0 && at.Second() == 0 && at.Nanosecond() == 0 {
			forms = append(forms, at.Format(time.DateOnly))
		}
		forms = append(forms, at.Format(time.DateTime), at.Format("2006-01-02T15:04:05"), at.Format("2006-01-02T15:04:05Z"))
	}
	return forms
}

// addressForms are an address without the length of a network that is all of it.
func addressForms(text string) []string {
	forms := []string{text}
	bare := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(text), "/32"), "/128")
	if address, err := netip.ParseAddr(bare); err == nil {
		forms = append(forms, bare, address.String())
	}
	return forms
}

// elements are the texts in an array, as PostgreSQL writes one.
func elements(text string) (list []string) {
	inner, opens := strings.CutPrefix(text, "{")
	inner, shuts := strings.CutSuffix(inner, "}")
	if !opens || !shuts {
		return nil
	}
	var element strings.Builder
	quoted, escaped := false, false
	end := func() {
		if element.Len() > 0 {
			list = append(list, element.String())
			element.Reset()
		}
	}
	for _, r := range inner {
		switch {
		case escaped:
			element.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case r == '"':
			quoted = !quoted
		case !quoted && strings.ContainsRune(",{}", r):
			end()
		default:
			element.WriteRune(r)
		}
	}
	end()
	return list
}
