Feature: Who is shown a token
  Access tokens are handed to executing content by the credential exchange and by nothing else. Refresh
  tokens are handed to nobody. The suite knows every secret that its provider has issued by a mark and
  looks for the marks in all that the server sends, in every scenario; the scenarios here make sure that
  it looks in the places where a token could lie.

  Background:
    Given a publisher "paula"
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" may view "app"
    And "alice" is logged in to "crm"

  Rule: The credential exchange returns the access token

    @OI-080
    Scenario: Executing content obtains the token
      When "alice" visits "app"
      Then "app" obtains a token of "alice"

    @OI-082
    Scenario: Without the refresh token
      When "alice" visits "app"
      Then "app" obtains a token of "alice"
      And the exchange returns no refresh token

  Rule: Managing sessions reveals no token

    @OI-078 @OI-081
    Scenario Outline: <who> reads the session
      Given "alice" has visited "app" and it obtained a token
      When <who> reads the session of "alice" with "crm"
      Then the reply describes the session without an access token (OI-078)
      And the reply describes the session without a refresh token (OI-081)

      Examples:
        | who               |
        | "alice"           |
        | the administrator |

  Rule: Nothing else returns one

    @OI-079
    Scenario: No other page, redirect or reply holds an access token
      Given "alice" has visited "app" and it obtained a token
      When "alice" looks at everything the server shows her about "app" and "crm"
      And the administrator looks at everything the server shows about "app" and "crm"
      Then no reply but the exchange's holds an access token

    @OI-083
    Scenario: No reply at all holds a refresh token, and neither does what content is given
      Given "alice" has visited "app" and it obtained a token
      When "alice" looks at everything the server shows her about "app" and "crm"
      And the administrator looks at everything the server shows about "app" and "crm"
      And "app" reports its environment and the headers of a visit by "alice"
      Then no reply holds a refresh token
      And "app" has been given no refresh token
