Feature: Exposure of tokens
  The credential exchange returns access tokens to executing content, and no other reply of the server
  contains one. No reply contains a refresh token. The suite searches every reply in every scenario for
  the secrets that its provider has issued; these scenarios request the pages and replies in which a token
  could appear.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" has Viewer permission on "app"
    And "alice" is logged in to "crm"

  Rule: Content obtains the access token that the server has requested from the provider

    @OI-001 @OI-110
    Scenario: Content obtains, while it runs, the access token that the provider has issued
      When "alice" visits "app"
      Then "app" obtains a token of "alice" (OI-001)
      And "app" obtains a token of "alice" (OI-110)

    @OI-002
    Scenario: The server requests the token as the client of the integration
      When "alice" visits "app"
      Then "app" obtains a token that the provider has issued to the client of "crm"

  Rule: The credential exchange returns an access token and no refresh token

    @OI-080
    Scenario: Executing content obtains an access token of its visitor from the credential exchange
      When "alice" visits "app"
      Then "app" obtains a token of "alice"

    @OI-082
    Scenario: The credential exchange returns no refresh token
      When "alice" visits "app"
      Then "app" obtains a token of "alice"
      And the exchange returns no refresh token

  Rule: OAuth sessions in the API contain no tokens

    @OI-078 @OI-081
    Scenario Outline: The OAuth session that <who> reads contains neither an access token nor a refresh token
      Given "alice" has visited "app" and it obtained a token
      When <who> reads the session of "alice" with "crm"
      Then the reply describes the session without an access token (OI-078)
      And the reply describes the session without a refresh token (OI-081)

      Examples:
        | who               |
        | "alice"           |
        | the administrator |

  Rule: No other reply of the server contains a token

    @OI-079
    Scenario: No page, redirect or reply except that of the credential exchange contains an access token
      Given "alice" has visited "app" and it obtained a token
      When "alice" reads everything that the server shows about "app" and "crm"
      And the administrator reads everything that the server shows about "app" and "crm"
      Then no reply to a client holds an access token

    @OI-083
    Scenario: No reply of the server and no data passed to content contains a refresh token
      Given "alice" has visited "app" and it obtained a token
      When "alice" reads everything that the server shows about "app" and "crm"
      And the administrator reads everything that the server shows about "app" and "crm"
      And "alice" visits "app"
      Then no reply to a client holds a refresh token
      And "app" has been given no refresh token
