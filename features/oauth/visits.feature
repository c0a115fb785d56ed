Feature: Tokens for visits to content
  A user who visits content lets the content use the user's token. Content obtains no token of a user who
  does not visit it.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" has Viewer permission on "app"
    And "alice" is logged in to "crm"

  Rule: Content obtains no token of a user who does not visit it

    @OI-093 @OI-094 @OI-095
    Scenario: Content that one user visits cannot obtain the token of another user
      Given "bob" has Viewer permission on "app"
      And "bob" is logged in to "crm"
      When "alice" visits "app", which asks for the token of "bob" as well
      Then "app" obtains a token of "alice" (OI-093)
      And "app" obtains a token of "alice" (OI-094)
      And "app" obtains a token of "alice" (OI-095)

    @OI-092
    Scenario: Content obtains the token of a user when the user visits it, and not before
      Given "bob" has Viewer permission on "app"
      And "bob" is logged in to "crm"
      When "alice" visits "app", which asks for the token of "bob" as well
      Then "app" obtains a token of "alice"
      When "bob" visits "app"
      Then "app" obtains a token of "bob"

    @SEC-035
    Scenario: Content that other content opens with an API key obtains no token
      Given "paula" has published python-api content "second"
      And "second" is associated with "crm"
      And "paula" is logged in to "crm"
      And "paula" has visited "second" and it obtained a token
      When "alice" visits "app", which opens "second" with its API key
      Then "second" obtains no token

    @SEC-005
    Scenario: Content cannot exchange the token of a visit to other content
      Given "paula" has published python-api content "second"
      And "second" is associated with "crm"
      And "alice" has Viewer permission on "second"
      And "alice" has visited "app" and it obtained a token
      When "alice" visits "second", which passes its token to "app"
      Then "app" obtains no token

    @SEC-005
    Scenario: Two content items receive different session tokens when the same user visits both
      Given "paula" has published python-api content "second"
      And "alice" has Viewer permission on "second"
      When "alice" visits "app"
      And "alice" visits "second"
      Then "app" and "second" have been given different tokens

  Rule: The session token of a visit belongs to its visitor and ends with the process of the visit

    @SEC-005
    Scenario: Content receives different session tokens when two users visit it
      Given "bob" has Viewer permission on "app"
      When "alice" visits "app"
      And "bob" visits "app"
      Then the last two visits of "app" have been given different tokens

    @SEC-005
    Scenario: The session token of an earlier visitor yields no token of the user who visits now
      Given "bob" has Viewer permission on "app"
      And "bob" is logged in to "crm"
      And "alice" has visited "app", and the content has kept the token of the visit
      When "bob" visits "app", which presents the kept token as well
      Then "app" obtains a token of "bob" for the visit and no token except of "alice" for the kept token

    @SEC-070
    Scenario Outline: A session token is refused after a redeployment, when <visitor> visits the content again
      Given "bob" has Viewer permission on "app"
      And "bob" is logged in to "crm"
      And "alice" has visited "app", and the content has kept the token of the visit
      When "app" is deployed again
      And "<visitor>" visits "app", which presents the kept token as well
      Then "app" obtains a token of "<visitor>" for the visit and none for the kept token

      Examples:
        | visitor |
        | alice   |
        | bob     |

    @SEC-070 @alone @direct
    Scenario: A session token is refused after a restart of the server
      Given "alice" has visited "app", and the content has kept the token of the visit
      When the server is restarted with:
        | Authentication.Provider | proxy |
      And "alice" visits "app", which presents the kept token as well
      Then "app" obtains a token of "alice" for the visit and none for the kept token

  Rule: Clients cannot forge the headers that the server sends to content

    @SEC-006 @direct
    Scenario: A session token that a client forges does not reach content
      When "alice" visits "app" with the further header "Posit-Connect-User-Session-Token: forged"
      Then "app" obtains a token of "alice"
      And "app" has received no header with the value "forged"

    @SEC-006 @direct
    Scenario Outline: A forged header <header> from a visitor who is not signed in does not reach content
      Given "app" is open to an anonymous visitor
      When an anonymous visitor visits "app" with the further header "<header>: forged"
      Then "app" has received no header with the value "forged"

      Examples:
        | header                           |
        | Posit-Connect-User-Session-Token |
        | posit_connect_user_session_token |

  Rule: Caches do not store tokens

    @SEC-007
    Scenario: The reply of the credential exchange forbids caches to store it
      When "alice" visits "app"
      Then "app" obtains a token of "alice"
      And the exchange forbids caches to store its reply
