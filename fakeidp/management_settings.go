package fakeidp

import (
	"errors"
	"net/http"

	"countersign/fakeidp/control"
)

// The handlers of this file change how an issuer behaves: its faults, its clock, its keys, and what it does not check.

func (manager) setFaults(is *issuer, r *http.Request) (int, any, error) {
	var list control.Faults
	if err := read(r, &list); err != nil {
		return 0, nil, err
	}
	if list.Faults == nil {
		return 0, nil, errors.New("faults: want a list; DELETE removes all faults")
	}
	return 0, nil, is.setFaults(list.Faults)
}

func (manager) showFaults(is *issuer, _ *http.Request) (int, any, error) {
	return http.StatusOK, is.reportFaults(), nil
}

func (manager) removeFaults(is *issuer, _ *http.Request) (int, any, error) {
	return 0, nil, is.setFaults(nil)
}

func (manager) setClock(is *issuer, r *http.Request) (int, any, error) {
	var c control.ClockSetting
	if err := read(r, &c); err != nil {
		return 0, nil, err
	}
	if err := is.setClock(c); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, is.describeClock(), nil
}

func (manager) showClock(is *issuer, _ *http.Request) (int, any, error) {
	return http.StatusOK, is.describeClock(), nil
}

func (manager) releaseClock(is *issuer, _ *http.Request) (int, any, error) {
	return 0, nil, is.setClock(control.ClockSetting{})
}

func (manager) rotateKey(is *issuer, r *http.Request) (int, any, error) {
	var rotation control.KeyRotation
	if err := read(r, &rotation); err != nil {
		return 0, nil, err
	}
	if err := is.rotateKey(rotation.RetireOld); err != nil {
		return 0, nil, &statusError{http.StatusInternalServerError, err.Error()}
	}
	return http.StatusCreated, is.keys.Load().describe(), nil
}

func (manager) showKeys(is *issuer, _ *http.Request) (int, any, error) {
	return http.StatusOK, is.keys.Load().describe(), nil
}

func (manager) setLax(is *issuer, r *http.Request) (int, any, error) {
	var l control.Lax
	if err := read(r, &l); err != nil {
		return 0, nil, err
	}
	return 0, nil, missing(is.setLax(r.PathValue("client"), l))
}

func (manager) showLax(is *issuer, r *http.Request) (int, any, error) {
	c := is.client(r.PathValue("client"))
	if c == nil {
		return 0, nil, &statusError{http.StatusNotFound, "no such client"}
	}
	return http.StatusOK, c.lax(), nil
}

func (manager) removeLax(is *issuer, r *http.Request) (int, any, error) {
	return 0, nil, missing(is.setLax(r.PathValue("client"), control.Lax{}))
}
