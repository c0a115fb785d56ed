package check

import "countersign/steps/verdict"

// ExitCodeZero requires that a run of usermanager succeeded.
func ExitCodeZero(action string, exit int, output string) error {
	if exit != 0 {
		return verdict.Broken("the exit code 0 of usermanager ("+action+")", "%d: %s", exit, output)
	}
	return nil
}

// ExitCodeNotZero requires that a run of usermanager failed. succeeded reports whether an earlier
// run of the scenario succeeded, to compare with.
func ExitCodeNotZero(succeeded bool, exit int, output string) error {
	switch {
	case !succeeded:
		return nothingGranted("usermanager has done nothing before")
	case exit == 0:
		return verdict.Broken("an exit code other than 0", "0: %s", output)
	}
	return nil
}
