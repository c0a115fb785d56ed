Feature: Management of OAuth sessions
  Users list, read and delete their own OAuth sessions through the API. Administrators can manage the
  OAuth sessions of all users.

  Background:
    Given a Viewer integration "crm"
    And "alice" has begun to log in to "crm"
    And "bob" has begun to log in to "crm"

  Rule: Users manage their own OAuth sessions

    @OI-068 @OI-071
    Scenario: A user's list of OAuth sessions contains the user's own sessions and no others
      Then "alice" has one session with "crm" (OI-068)
      And the list of OAuth sessions of "alice" holds her own and no others (OI-071)

    @OI-074
    Scenario: A user deletes the user's own OAuth session, and the session of another user remains
      Given "alice" has one session with "crm"
      When "alice" deletes the session of "alice" with "crm"
      Then "alice" has no session with "crm"
      And "bob" has one session with "crm"

    @OI-069
    Scenario: A user reads the user's own OAuth session
      When "alice" reads the session of "alice" with "crm"
      Then the reply describes the session of "alice" with "crm"

  Rule: Users cannot manage the OAuth sessions of other users

    @OI-072
    Scenario: A user cannot read the OAuth session of another user
      When "bob" reads the session of "bob" with "crm"
      And "alice" reads the session of "bob" with "crm"
      Then the request is refused

    @OI-073
    Scenario: A user cannot delete the OAuth session of another user
      When "bob" deletes the session of "bob" with "crm"
      And "bob" logs in to "crm"
      And "alice" deletes the session of "bob" with "crm"
      Then the request is refused
      And "bob" has one session with "crm"

  Rule: Administrators manage the OAuth sessions of all users

    @OI-075
    Scenario: An administrator lists the OAuth sessions of other users
      Then the administrator finds the OAuth sessions of "alice" and "bob"

    @OI-076
    Scenario: An administrator reads the OAuth session of another user
      When the administrator reads the session of "bob" with "crm"
      Then the reply describes the session of "bob" with "crm"
