package softdelete

// Outward is outward, for tests of what becomes of wrapped and joined errors.
var Outward = outward
