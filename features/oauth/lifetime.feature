Feature: The lifetime of access tokens
  An access token is good until it expires. The server keeps it as long as that and asks the provider for
  another one only afterwards: providers limit how many tokens they issue.

  @OI-126 @direct
  Scenario Outline: <tokens> are handed out again as long as they live
    Given a publisher "paula"
    And <expiry>
    And a Viewer integration "crm"
    And "paula" has published python-api content "app"
    And "app" is associated with "crm"
    And "alice" may view "app"
    And "alice" is logged in to "crm"
    When "alice" visits "app"
    Then "app" obtains a token of "alice"
    When "alice" visits "app"
    Then "app" obtains a token of "alice"
    And the provider has renewed no access token

    Examples:
      | tokens                           | expiry                                                     |
      | Tokens that expire after a while | the access tokens of the provider expire after 600 seconds |
      | Tokens without a time of expiry  | the provider does not say when access tokens expire        |
