package softdelete

// This room is for GDPR erasure (Art. 17): masking a person's data in every table that their row leads to, proving it, and
// keeping it erased. Nothing of it is built yet, and no function here pretends to be: a `pii` tag is not read, and a
// deletion leaves personal data where it is, in rows that ordinary queries no longer return.
//
// What will stand here, beside pii.go (the masks) and certificate.go (the proof):
//   - Erase, which walks has-one and has-many relations of any rule from the subject's row, live and deleted rows alike,
//     masks by one UPDATE per table, and reads back before it commits;
//   - PreviewErasure, the same walk without writes;
//   - the refusals: ErrHeld for rows under a legal hold, ErrErased for writes that would bring personal data back.
