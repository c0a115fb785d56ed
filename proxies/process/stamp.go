package process

import (
	"strconv"
	"strings"
)

// A Stamp is the start time of a process, with the boot and the process namespace
// in which it was read. The system reuses process numbers: a number and a stamp
// together identify one process. Stamps of one process are equal as strings.
type Stamp string

// newStamp returns the stamp of a start time that was read now. The start time is
// in ticks since the boot on Linux and in the words of ps on other systems.
func newStamp(start string) Stamp {
	boot, space := place()
	return Stamp(boot + ":" + space + ":" + start)
}

// SameBoot reports whether the stamp was made since the system was booted.
func (s Stamp) SameBoot() bool {
	boot, _ := place()
	made, _, _ := s.parts()
	return made == boot
}

// Local reports whether the stamp was made since the system was booted and where
// process numbers have the same meaning as here. Each container has a process
// namespace of its own.
func (s Stamp) Local() bool {
	_, here := place()
	_, space, _ := s.parts()
	return s.SameBoot() && space == here
}

// ticks returns a start time that is in ticks, and 0 for another.
func (s Stamp) ticks() uint64 {
	_, _, start := s.parts()
	n, _ := strconv.ParseUint(start, 10, 64)
	return n
}

func (s Stamp) parts() (boot, space, start string) {
	boot, rest, _ := strings.Cut(string(s), ":")
	space, start, _ = strings.Cut(rest, ":")
	return boot, space, start
}
