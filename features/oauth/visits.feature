Feature: Tokens belong to a visit
  A user who visits content lets it use the user's token. Content that is associated with an integration and
  is not visited by a user obtains nothing of that user.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" may view "app"
    And "alice" is logged in to "crm"

  Rule: Content obtains no token of a user who does not visit it

    @OI-093 @OI-094 @OI-095
    Scenario: Content that one user visits cannot obtain the token of another user
      Given "bob" may view "app"
      And "bob" is logged in to "crm"
      When "alice" visits "app", which asks for the token of "bob" as well
      Then "app" obtains a token of "alice" (OI-093)
      And "app" obtains a token of "alice" (OI-094)
      And "app" obtains a token of "alice" (OI-095)

    @SEC-035
    Scenario: Content that opens other content with its API key is not a visit of its owner
      Given "paula" has published python-api content "second"
      And "second" is associated with "crm"
      And "paula" is logged in to "crm"
      And "paula" has visited "second" and it obtained a token
      When "alice" visits "app", which opens "second" with its API key
      Then "second" obtains no token

    @SEC-005
    Scenario: Content cannot use the token of a visit to other content
      Given "paula" has published python-api content "second"
      And "second" is associated with "crm"
      And "alice" may view "second"
      And "alice" has visited "app" and it obtained a token
      When "alice" visits "second", which hands its token to "app"
      Then "app" obtains no token

    @SEC-005
    Scenario: Each item has tokens of its own
      Given "paula" has published python-api content "second"
      And "alice" may view "second"
      When "alice" visits "app"
      And "alice" visits "second"
      Then "app" and "second" have been given different tokens

  Rule: Clients cannot speak to content in the name of the server

    @SEC-006 @direct
    Scenario: A token that a client sends is not the one that content receives
      When "alice" visits "app" with the further header "Posit-Connect-User-Session-Token: forged"
      Then "app" obtains a token of "alice"
      And "app" has received no header with the value "forged"

    @SEC-006 @direct
    Scenario Outline: A visitor who is not signed in cannot send content <header>
      Given "app" is open to anyone without login
      When somebody who is not signed in visits "app" with the further header "<header>: forged"
      Then "app" has received no header with the value "forged"

      Examples:
        | header                           |
        | Posit-Connect-User-Session-Token |
        | posit_connect_user_session_token |

  Rule: Tokens are not stored on their way to content

    @SEC-007
    Scenario: Caches may not store the reply of an exchange
      When "alice" visits "app"
      Then "app" obtains a token of "alice"
      And the exchange forbids caches to store its reply
