Feature: Management of OAuth sessions
  The API shows users their own OAuth sessions and lets them delete these. Administrators can do so with the
  sessions of all users.

  Background:
    Given a Viewer integration "crm"
    And "alice" has begun to log in to "crm"
    And "bob" has begun to log in to "crm"

  Rule: Users manage their own sessions

    @OI-068 @OI-071
    Scenario: A user's list holds the user's own sessions
      Then "alice" has one session with "crm" (OI-068)
      And the list of OAuth sessions of "alice" holds her own and no others (OI-071)

    @OI-074
    Scenario: A user deletes a session of their own
      Given "alice" has one session with "crm"
      When "alice" deletes the session of "alice" with "crm"
      Then "alice" has no session with "crm"
      And "bob" has one session with "crm"

    @OI-069
    Scenario: A user reads a session of their own
      When "alice" reads the session of "alice" with "crm"
      Then the reply describes the session of "alice" with "crm"

  Rule: Users cannot manage the sessions of others

    @OI-072
    Scenario: A user cannot read the session of another user
      When "bob" reads the session of "bob" with "crm"
      And "alice" reads the session of "bob" with "crm"
      Then the call is refused

    @OI-073
    Scenario: A user cannot delete the session of another user
      When "bob" reads the session of "bob" with "crm"
      And "alice" deletes the session of "bob" with "crm"
      Then the call is refused
      And "bob" has one session with "crm"

  Rule: Administrators manage the sessions of all users

    @OI-075
    Scenario: An administrator lists the sessions of all users
      Then the administrator finds the OAuth sessions of "alice" and "bob"

    @OI-076
    Scenario: An administrator reads the session of a user
      When the administrator reads the session of "bob" with "crm"
      Then the reply describes the session of "bob" with "crm"
